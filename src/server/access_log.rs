// SPDX-License-Identifier: GPL-2.0-only

//! STUB for compiling; node's replaces it.

use crate::sys::{
    clock,
    percpu::{EachCpu, Initial},
    published::Published,
    ring::{Ring, RingWriter},
    softirq,
};
use core::net::IpAddr;
use kernel::{
    prelude::*,
    sync::{
        atomic::{ordering::Relaxed, Atomic},
        rcu, Arc, ArcBorrow,
    },
};
use protocol::log::{Ending, LogFormat, LogRecord, Moment, RequestHead};

impl Initial for LogRecord {
    const INITIAL: Self = Self::EMPTY;
}

pub(super) fn now() -> Moment {
    let monotonic_nanoseconds = clock::uptime_nanoseconds();
    Moment {
        monotonic_nanoseconds,
        real_nanoseconds: clock::real_nanoseconds(monotonic_nanoseconds),
    }
}
pub(super) struct LogPolicy(LogFormat);
impl LogPolicy {
    pub(super) fn format(&self, _: Option<&[u8]>) -> LogFormat {
        self.0
    }
    pub(super) fn needs_host(&self) -> bool {
        false
    }
    pub(super) fn client(&self, peer: IpAddr, _: RequestHead<'_>) -> IpAddr {
        peer
    }
}
pub(super) struct LogSink {
    pub(super) policy: LogPolicy,
    rings: Option<EachCpu<Ring<LogRecord>>>,
}
pub(super) struct LogWriter<'a>(RingWriter<'a, LogRecord>);
impl LogWriter<'_> {
    pub(super) fn stage(&mut self) -> Option<&mut LogRecord> {
        self.0.stage()
    }
    pub(super) fn staged(&mut self, i: usize) -> Option<&mut LogRecord> {
        self.0.staged(i)
    }
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }
    pub(super) fn publish(self, n: usize) {
        self.0.publish(n);
    }
}
impl LogSink {
    pub(super) fn writer(&self) -> Option<LogWriter<'_>> {
        let ring = self.rings.as_ref()?.current();
        softirq::disabled(|bh| ring.writer(bh)).map(LogWriter)
    }
    pub(super) fn count_lost(&self, n: u64) {
        if let Some(r) = &self.rings {
            r.current().count_lost(n)
        }
    }
    pub(super) fn write(&self, records: &[LogRecord]) {
        let Some(mut writer) = self.writer() else {
            return;
        };
        for record in records {
            if let Some(slot) = writer.stage() {
                slot.clone_from(record);
            }
        }
        let n = writer.len();
        writer.publish(n);
    }
}
pub(super) struct AccessLog {
    is_on: Atomic<bool>,
    sink: Published<LogSink>,
}
impl AccessLog {
    pub(super) fn new() -> Result<Self> {
        Ok(Self {
            is_on: Atomic::new(false),
            sink: Published::new(Arc::new(
                LogSink {
                    policy: LogPolicy(LogFormat::Off),
                    rings: None,
                },
                GFP_KERNEL,
            )?),
        })
    }
    pub(super) fn turn_on(&self) -> Result {
        let rings = Some(EachCpu::new(|| Ring::new(1024), GFP_KERNEL)?);
        self.sink.replace(Arc::new(
            LogSink {
                policy: LogPolicy(LogFormat::Combined),
                rings,
            },
            GFP_KERNEL,
        )?);
        self.is_on.store(true, Relaxed);
        Ok(())
    }
    #[inline]
    pub(super) fn sink<'a>(&'a self, rcu: &'a rcu::Guard) -> Option<ArcBorrow<'a, LogSink>> {
        self.is_on.load(Relaxed).then(|| self.sink.get(rcu))
    }
    pub(super) fn with<R>(&self, f: impl FnOnce(Option<&LogSink>) -> R) -> R {
        let rcu = rcu::read_lock();
        f(self.sink(&rcu).as_deref())
    }
    pub(super) fn hand_over(&self, record: Option<KBox<LogRecord>>) {
        let Some(mut record) = record else { return };
        let now = now();
        record.set_begin(now.monotonic_nanoseconds);
        record.finish(Ending::HandedOver, 0, now);
        self.with(|sink| {
            if let Some(sink) = sink {
                sink.write(core::slice::from_ref(&record))
            }
        });
    }
}
