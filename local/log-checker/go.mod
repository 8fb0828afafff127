// A checker of the log that shares no code with Postern: Go's own checksum database library. Its own module, so that it
// compiles only what it needs.
module postern.dev/local/log-checker

go 1.26.0

require golang.org/x/mod v0.43.0
