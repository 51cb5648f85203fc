// SPDX-License-Identifier: GPL-2.0-only

//! Tests of the access log, from the writers to the rendered lines.

use kernel::prelude::kunit_tests;

#[kunit_tests(khttpd_access_log)]
mod suite {
    use super::super::{
        line_source::LineSource,
        log_rings::LogRings,
        *, //
    };
    use crate::sys::{
        softirq,
        text::Text, //
    };
    use protocol::log::{
        Ending,
        LogFormat,
        LogRecord,
        Moment,
        RequestHead, //
    };

    /// The shortest buffer, for 64 lines.
    const BYTES: u32 = 64 << 10;

    fn log() -> Result<AccessLog> {
        AccessLog::new(Arc::new(
            OwnedQueue::new_percpu(c"khttpd_test")?,
            GFP_KERNEL,
        )?)
    }

    /// Switches the log on, with rings of so many bytes; 0 switches it off.
    fn switch(log: &AccessLog, bytes: u32) -> Result<Option<Arc<LogRings>>> {
        let rings = match bytes {
            0 => None,
            _ => Some(LogRings::new(bytes, &log.feed.signal, &log.queue)?),
        };
        let sink = LogSink {
            policy: LogPolicy::new(),
            rings: rings.clone(),
        };
        log.publish(Arc::new(sink, GFP_KERNEL)?);
        Ok(rings)
    }

    /// Fills a record of a line that ends at `end`.
    fn fill(record: &mut LogRecord, format: LogFormat, target: &[u8], end: u64) {
        record.begin(RequestHead::new(target), format);
        record.finish(
            Ending::Complete,
            0,
            Moment {
                real_nanoseconds: 0,
                monotonic_nanoseconds: end,
            },
        );
    }

    /// Writes a line to this CPU's ring; returns whether there was room.
    fn write(log: &AccessLog, format: LogFormat, target: &[u8]) -> bool {
        softirq::disabled(|bh| {
            let rcu = rcu::read_lock();
            let sink = log.sink(&rcu);
            let Some(mut writer) = sink.as_ref().and_then(|sink| sink.writer(bh)) else {
                return false;
            };
            let Some(record) = writer.stage() else {
                return false;
            };
            fill(record, format, target, 1);
            writer.publish(1);
            true
        })
    }

    /// Writes a line to the ring with this index.
    fn write_to(rings: &LogRings, index: usize, target: &[u8], end: u64) -> Result {
        let ring = rings.ring(index).ok_or(ENOENT)?;
        softirq::disabled(|bh| {
            let mut writer = ring.writer(bh).ok_or(EBUSY)?;
            fill(
                writer.stage().ok_or(ENOSPC)?,
                LogFormat::Common,
                target,
                end,
            );
            writer.publish(1);
            Ok(())
        })
    }

    /// Returns whether the next line contains `text`, and takes it; with an empty text, whether there
    /// is no line.
    fn next_is(source: &mut LineSource, text: &str) -> Result<bool> {
        let mut line = Text::new();
        source.render(&mut line)?;
        source.take();
        let line = core::str::from_utf8(&line).map_err(|_| EIO)?;
        Ok(line.contains(text) && line.is_empty() == text.is_empty())
    }

    #[test]
    fn log_that_is_off_has_no_writer_and_no_rings() -> Result {
        let log = log()?;
        assert!(!write(&log, LogFormat::Common, b"GET /a"));
        switch(&log, BYTES)?;
        assert!(write(&log, LogFormat::Common, b"GET /a"));
        switch(&log, 0)?;
        assert!(!write(&log, LogFormat::Common, b"GET /a"));
        assert!(log.feed.first().is_none());
        // Its line has gone with the rings.
        assert_eq!(log.lost(), 1);
        Ok(())
    }

    #[test]
    fn log_has_one_reader_at_a_time() -> Result {
        let log = log()?;
        let reader = log.open()?;
        assert!(log.open().err() == Some(EBUSY));
        drop(reader);
        log.open()?;
        Ok(())
    }

    #[test]
    fn line_stays_until_it_is_taken() -> Result {
        let log = log()?;
        switch(&log, BYTES)?;
        write(&log, LogFormat::Common, b"GET /a");
        for _ in 0..2 {
            let mut line = Text::new();
            LineSource::new(&log.feed)?.render(&mut line)?;
            assert!(!line.is_empty());
        }
        let mut source = LineSource::new(&log.feed)?;
        assert!(next_is(&mut source, "GET /a")?);
        assert!(next_is(&mut source, "")?);
        Ok(())
    }

    #[test]
    fn lines_of_all_cpus_come_in_the_order_of_their_ends() -> Result {
        let log = log()?;
        let rings = switch(&log, BYTES)?.ok_or(ENOENT)?;
        let last = rings.iter().count().saturating_sub(1);
        write_to(&rings, 0, b"GET /2", 2)?;
        write_to(&rings, 0, b"GET /4", 4)?;
        write_to(&rings, last, b"GET /6", 6)?;
        let mut source = LineSource::new(&log.feed)?;
        if last != 0 {
            let other = write_to(&rings, last, b"GET /7", 7);
            assert_eq!(other, Ok(()));
        }
        for text in ["GET /2", "GET /4", "GET /6"] {
            assert!(next_is(&mut source, text)?);
        }
        Ok(())
    }

    #[test]
    fn lost_lines_are_counted_and_told_of_in_their_place() -> Result {
        let log = log()?;
        switch(&log, BYTES)?;
        let mut written = 0_u64;
        // The task may move to another CPU.
        while log.lost() < 3 {
            written += u64::from(write(&log, LogFormat::Json, b"GET /a"));
        }
        let mut source = LineSource::new(&log.feed)?;
        for _ in 0..written {
            let mut line = Text::new();
            source.render(&mut line)?;
            let line = core::str::from_utf8(&line).map_err(|_| EIO)?;
            assert!(line.contains("\"/a\""));
            source.take();
        }
        assert!(next_is(&mut source, "\"lost\":3")?);
        assert!(next_is(&mut source, "")?);
        log.reset_lost();
        assert_eq!(log.lost(), 0);
        Ok(())
    }

    #[test]
    fn lost_lines_are_reported_once_a_minute() -> Result {
        let log = log()?;
        assert_eq!(log.lost_to_report(100), None);
        switch(&log, BYTES)?;
        write(&log, LogFormat::Common, b"GET /a");
        switch(&log, 0)?;
        assert_eq!(log.lost_to_report(100), Some(1));
        switch(&log, BYTES)?;
        write(&log, LogFormat::Common, b"GET /a");
        switch(&log, 0)?;
        assert_eq!(log.lost_to_report(159), None);
        assert_eq!(log.lost_to_report(160), Some(1));
        assert_eq!(log.lost_to_report(300), None);
        Ok(())
    }

    #[test]
    fn reader_drains_rings_that_were_replaced_or_switched_off() -> Result {
        let log = log()?;
        let mut source = LineSource::new(&log.feed)?;
        switch(&log, BYTES)?;
        write(&log, LogFormat::Common, b"GET /1");
        write(&log, LogFormat::Common, b"GET /2");
        assert!(next_is(&mut source, "GET /")?);
        switch(&log, 2 * BYTES)?;
        write(&log, LogFormat::Common, b"GET /3");
        switch(&log, 0)?;
        assert!(next_is(&mut source, "GET /")?);
        assert!(next_is(&mut source, "GET /3")?);
        assert!(next_is(&mut source, "")?);
        assert!(log.feed.first().is_none());
        assert_eq!(log.lost(), 0);
        Ok(())
    }

    #[test]
    fn rings_are_bounded_and_the_lines_of_those_that_go_are_lost() -> Result {
        let log = log()?;
        let mut source = LineSource::new(&log.feed)?;
        for target in [b"GET /1", b"GET /2", b"GET /3", b"GET /4"] {
            switch(&log, BYTES)?;
            write(&log, LogFormat::Json, target);
        }
        assert_eq!(log.lost(), 1);
        // It is not known where they are missing.
        for text in ["\"lost\":1", "/1", "/3", "/4"] {
            assert!(next_is(&mut source, text)?);
        }
        assert!(next_is(&mut source, "")?);
        Ok(())
    }
}
