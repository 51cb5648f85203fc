// SPDX-License-Identifier: GPL-2.0-only

//! Percentiles.

/// Returns the smallest value that is not exceeded by `per_mille` thousandths of all: one of the
/// values, nothing between them. Returns [`None`] if there is no value.
pub(crate) fn percentile<T: Copy>(sorted: &[T], per_mille: usize) -> Option<T> {
    let index = (sorted.len() * per_mille).div_ceil(1000).checked_sub(1)?;
    sorted.get(index).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentile_is_one_of_the_values() {
        let values: Vec<u32> = (1..=1000).collect();
        let found = [500, 990, 999, 1000].map(|per_mille| percentile(&values, per_mille));
        assert_eq!(found, [500, 990, 999, 1000].map(Some));
    }

    #[test]
    fn high_percentile_of_few_values_is_the_largest() {
        assert_eq!(percentile(&[1, 2, 3, 4, 5, 6, 7, 80], 990), Some(80));
        assert_eq!(percentile::<u32>(&[], 990), None);
    }
}
