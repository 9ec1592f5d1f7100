// Package logging writes the backend's log where Spectrum's admin looks for it.
//
// The transport's config names a log4cxx properties file, logging.backend_config.
// Open reads it and gives back a logrus logger that writes to the file, in the
// pattern and at the level that it asks for. Without one the log goes to
// standard error, in colour if that is a terminal.
//
// # What it promises
//
// The log never ends the process and never holds it up for long. Entries are
// put in a bounded queue; one goroutine for each appender writes them. A file
// that cannot be written (disk full, no permission, folder gone) is said once
// on standard error, which then gets the entries, and is tried again every ten
// seconds. If even that does not move, a caller waits 100 ms once, and entries
// are counted and dropped until it does; the count is logged afterwards.
// logrus' Fatal writes its entry and returns.
//
// What others sent cannot pose as an entry of its own or reach the terminal:
// control characters, escape sequences, and the marks that turn the writing
// direction are escaped, invalid UTF-8 is replaced, and every line of an entry
// but its first begins with a tab. So a traceback stays readable. An entry is
// cut at about 128 KiB.
//
// Fields stand behind the message's first line as key=value, sorted. The field
// "category" is log4cxx's logger name, %c, instead. A field whose name speaks
// of a secret (password, token, cookie …) shows ***, also inside a map; structs
// and protobuf messages show their type only, since what they hold is not
// known here. Options.Hide hides secrets in the text of messages and fields.
//
// What repeats itself is counted rather than logged; see Limits. Entries go
// through one hook, the pipeline, which drops what no output wants, counts what
// is too much, and gives the rest to each output. A terminal gets everything.
//
// Where standard error is the journal's, entries go to its socket, each with its
// priority, an identifier and the user.
//
// # Differences from log4cxx
//
// Rolling is done by lumberjack: a file that grew past MaxFileSize (rounded up
// to whole MB) is renamed to NAME-TIME.log, in UTC, rather than to NAME.log.1,
// and MaxBackupIndex of those are kept, at least one. New files are 0600 and
// new folders 0750; a file that is there keeps its mode, also when it rolls,
// so an admin who wants a group to read the log sets that once. A file that
// someone else renamed or removed is opened anew within a second.
//
// The goroutine with which lumberjack removes old files has no end. It is one
// for each rolling file, idle, and seen by leak detectors: tests pass
// goleak.IgnoreAnyFunction("gopkg.in/natefinch/lumberjack%2ev2.(*Logger).millRun").
package logging
