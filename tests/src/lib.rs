//! The harness of the booted tests.
