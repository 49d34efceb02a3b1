//! A lock validator for kernels.
#![no_std]
