package sql_test

import (
	"testing"

	"go.uber.org/goleak"
)

// TestMain ignores what MySQL's driver leaves behind when it panics. A database
// that is not closed has other goroutines, too.
func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("github.com/go-sql-driver/mysql.(*mysqlConn).startWatcher.func1"))
}
