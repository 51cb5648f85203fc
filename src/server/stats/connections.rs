// SPDX-License-Identifier: GPL-2.0-only

//! The numbers of connections.

use super::super::conn::{
    AdoptedConnection,
    AdoptedSet,
    ConnPhase,
    Connection,
    ConnectionPool,
    Timed,
    Timing, //
};

/// Counts the connections in each phase, in the order of [`ConnPhase::ALL`].
///
/// # Context
///
/// Process context, may sleep.
pub(super) fn by_phase(
    pool: &ConnectionPool<Connection>,
    adopted: &AdoptedSet<AdoptedConnection>,
) -> [usize; ConnPhase::ALL.len()] {
    let mut counts = [0; ConnPhase::ALL.len()];
    let mut add = |timing: &Timing| {
        let phases = ConnPhase::ALL.iter().zip(&mut counts);
        phases
            .filter(|((phase, _), _)| timing.is_in(*phase))
            .for_each(|(_, count)| *count += 1);
    };
    pool.table.for_each(|connection| add(connection.timing()));
    adopted.for_each(|connection| add(connection.timing()));
    counts
}
