// Package e2e runs the tests of the database, of the store and of their Lua
// modules on PostgreSQL and MariaDB from Debian's archive, and takes the servers
// away from under scripts. See run.sh.
package e2e
