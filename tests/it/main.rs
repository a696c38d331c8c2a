//! Tests of the whole product, most of them through the real binary.

mod common;
mod serve;
mod tidy;
