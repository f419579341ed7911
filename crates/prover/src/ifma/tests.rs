//! Against the same without vectors.
