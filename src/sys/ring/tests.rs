// SPDX-License-Identifier: GPL-2.0-only

//! Tests of rings.

use kernel::prelude::kunit_tests;

#[kunit_tests(khttpd_ring)]
mod suite {
    use crate::sys::{
        ring::Ring,
        sched,
        softirq,
        thread::{
            Thread,
            ThreadBody,
            ThreadControl, //
        }, //
    };
    use kernel::{
        prelude::*,
        sync::Arc, //
    };

    /// Stages the values and publishes the first `count` of them; returns whether the reader waits.
    fn push(ring: &Ring<u64>, values: &[u64], count: usize) -> Result<bool> {
        softirq::disabled(|bh| {
            let mut writer = ring.writer(bh).ok_or(EBUSY)?;
            for value in values {
                *writer.stage().ok_or(ENOSPC)? = *value;
            }
            Ok(writer.publish(count))
        })
    }

    /// Takes the first value.
    fn take(ring: &Ring<u64>) -> Result<Option<u64>> {
        let mut reader = ring.reader().ok_or(EBUSY)?;
        let first = reader.first().copied();
        reader.take();
        Ok(first)
    }

    #[test]
    fn staged_values_are_invisible_until_they_are_published() -> Result {
        let ring = Ring::<u64>::new(4)?;
        push(&ring, &[1, 2, 3], 0)?;
        assert_eq!((ring.len(), take(&ring)?), (0, None));
        push(&ring, &[4, 5, 6], 2)?;
        assert_eq!(ring.len(), 2);
        assert_eq!(
            (take(&ring)?, take(&ring)?, take(&ring)?),
            (Some(4), Some(5), None)
        );
        Ok(())
    }

    #[test]
    fn staged_value_can_be_changed_until_it_is_published() -> Result {
        let ring = Ring::<u64>::new(4)?;
        softirq::disabled(|bh| {
            let mut writer = ring.writer(bh).ok_or(EBUSY)?;
            *writer.stage().ok_or(ENOSPC)? = 1;
            *writer.stage().ok_or(ENOSPC)? = 2;
            *writer.staged(0).ok_or(ENOENT)? = 7;
            assert!(writer.staged(2).is_none());
            assert_eq!(writer.len(), 2);
            writer.publish(9);
            Ok::<_, Error>(())
        })?;
        assert_eq!(
            (take(&ring)?, take(&ring)?, take(&ring)?),
            (Some(7), Some(2), None)
        );
        Ok(())
    }

    #[test]
    fn full_ring_loses_values_and_tells_before_which_one_they_are_missing() -> Result {
        let ring = Ring::<u64>::new(2)?;
        push(&ring, &[1, 2], 2)?;
        assert!(push(&ring, &[3], 1) == Err(ENOSPC));
        assert!(push(&ring, &[4], 1) == Err(ENOSPC));
        assert_eq!(ring.lost(), 2);
        assert_eq!(ring.reader().ok_or(EBUSY)?.missing(), 0);
        assert_eq!(take(&ring)?, Some(1));
        push(&ring, &[5], 1)?;
        assert_eq!(take(&ring)?, Some(2));
        let mut reader = ring.reader().ok_or(EBUSY)?;
        assert_eq!((reader.missing(), reader.first()), (2, Some(&5)));
        reader.acknowledge(2);
        assert_eq!(reader.missing(), 0);
        reader.take();
        // Those that were lost behind the last value are missing once the ring is empty.
        ring.count_lost(3);
        assert_eq!((reader.missing(), reader.first()), (3, None));
        Ok(())
    }

    #[test]
    fn positions_wrap_around_the_places() -> Result {
        let ring = Ring::<u64>::new(3)?;
        for value in 0..100 {
            push(&ring, &[2 * value, 2 * value + 1], 2)?;
            assert_eq!(
                (take(&ring)?, take(&ring)?),
                (Some(2 * value), Some(2 * value + 1))
            );
        }
        assert_eq!((ring.len(), ring.lost()), (0, 0));
        Ok(())
    }

    #[test]
    fn each_side_has_one_user_at_a_time() -> Result {
        let ring = Ring::<u64>::new(1)?;
        softirq::disabled(|bh| {
            let writer = ring.writer(bh);
            assert!(writer.is_some() && ring.writer(bh).is_none());
            drop(writer);
            assert!(ring.writer(bh).is_some());
        });
        let reader = ring.reader();
        assert!(reader.is_some() && ring.reader().is_none());
        drop(reader);
        assert!(ring.reader().is_some());
        Ok(())
    }

    #[test]
    fn writer_learns_once_that_the_reader_waits() -> Result {
        let ring = Ring::<u64>::new(8)?;
        assert!(!push(&ring, &[1], 1)?);
        ring.begin_wait();
        assert!(!push(&ring, &[2], 0)?);
        assert!(push(&ring, &[2], 1)?);
        assert!(!push(&ring, &[3], 1)?);
        Ok(())
    }

    /// The number of values that go from one CPU to another.
    const MANY: u64 = 100_000;

    /// A thread that writes the numbers up to [`MANY`], each as soon as there is room.
    struct Counting(Arc<Ring<u64>>);

    impl ThreadBody for Counting {
        fn run(&self, control: &ThreadControl) {
            let mut next = 0;
            while next < MANY && !control.is_ended() {
                softirq::disabled(|bh| {
                    let Some(mut writer) = self.0.writer(bh) else {
                        return;
                    };
                    // As many as there is room for, of which one in eight is taken back.
                    while writer.len() < 8 && next + (writer.len() as u64) < MANY {
                        let value = next + writer.len() as u64;
                        match writer.stage() {
                            Some(staged) => *staged = value,
                            None => break,
                        }
                    }
                    let count = writer.len().min(7);
                    writer.publish(count);
                    next += count as u64;
                });
                sched::cond_resched();
            }
        }
    }

    #[test]
    fn values_go_from_one_cpu_to_another_in_their_order() -> Result {
        let ring = Arc::new(Ring::new(64)?, GFP_KERNEL)?;
        let thread = Thread::start(c"khttpd_ring", Counting(ring.clone()))?;
        for expected in 0..MANY {
            let found = loop {
                if let Some(found) = take(&ring)? {
                    break found;
                }
                sched::cond_resched();
            };
            if found != expected {
                return Err(EIO);
            }
        }
        drop(thread);
        Ok(())
    }
}
