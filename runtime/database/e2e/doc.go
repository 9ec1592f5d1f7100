// Package e2e runs the tests of packages database and store and of their Lua modules
// on PostgreSQL and MariaDB from Debian's archive. It also stops, kills and freezes the
// servers while scripts use them. If Spectrum 2 is available, it moves users between
// Spectrum and the gateway. See run.sh.
package e2e
