// SPDX-License-Identifier: GPL-2.0-only

//! Network namespaces.
//!
//! C header: [`include/net/net_namespace.h`](srctree/include/net/net_namespace.h)

mod namespace;
mod pernet;

pub(crate) use self::{
    namespace::Net,
    pernet::{
        PernetOperations,
        PernetRegistration, //
    }, //
};
