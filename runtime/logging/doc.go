// Package logging writes the log of a backend.
//
// The transport's config names a log4cxx properties file, logging.backend_config.
// Open reads it and returns a logrus logger that writes in its pattern, at its
// level and to its files. Without the file the log goes to standard error, in
// colour if that is a terminal.
//
// # Guarantees
//
// The log never ends the process, and never blocks it for long. Entries wait in a
// bounded queue, and one goroutine for each appender writes them. If a file cannot
// be written (disk full, no permission, folder missing), standard error gets one
// message and then the entries. The log retries the file every ten seconds. If
// standard error blocks too, a caller waits 100 ms once; after that entries are
// counted and dropped until the write returns. The log reports the count later.
// logrus' Fatal writes its entry and returns.
//
// Text from others cannot imitate an entry or control the terminal. The log escapes
// control characters, escape sequences and marks that change the writing direction,
// replaces invalid UTF-8, and indents every line of an entry but the first with a
// tab. Tracebacks stay readable. The log truncates an entry at about 128 KiB.
//
// Fields follow the first line of the message as key=value, sorted. The field
// "category" is not shown there; it is log4cxx's logger name, %c. A field with a
// name such as password, token or cookie shows ***, also inside a map. Structs and
// protobuf messages show only their type, because they may contain secrets.
// Options.Hide removes secrets from messages and fields.
//
// Repeated lines are counted instead of logged; see Limits. All entries pass one
// hook, the pipeline. It drops entries that no output accepts, counts those over
// the limits, and passes the others to each output. A terminal gets everything.
//
// If standard error belongs to systemd's journal, entries go to the journal's
// socket, with their priority, an identifier and the user.
//
// # Differences from log4cxx
//
// lumberjack rolls the files. A file over MaxFileSize (rounded up to whole MB) is
// renamed to NAME-TIME.log, in UTC, instead of NAME.log.1. MaxBackupIndex of those
// are kept, at least one. New files have mode 0600 and new folders 0750. An
// existing file keeps its mode, also when it rolls, so an admin can give a group
// access once. A file that someone else renames or removes is reopened within a
// second.
//
// lumberjack's goroutine that removes old files never ends. Each rolling file has
// one, and leak detectors see it. Tests pass
// goleak.IgnoreAnyFunction("gopkg.in/natefinch/lumberjack%2ev2.(*Logger).millRun").
package logging
