//! Tests of the whole product, most of them through the real binary.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails, and says where")]

mod cli;
mod common;
mod compat;
mod docs;
mod idempotency;
mod lists;
mod openapi;
mod requests;
mod seed;
mod serve;
mod site;
mod stream;
mod tidy;
mod tokens;
mod transfer;
