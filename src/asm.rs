//! Text and JSON to programs, and back.
