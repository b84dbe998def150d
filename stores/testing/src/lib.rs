//! What the tests of the stores share: servers of their own, faults, and races across processes.
