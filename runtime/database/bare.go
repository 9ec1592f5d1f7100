package database

import "database/sql"

// Bare opens the database with only its driver. Benchmarks compare the store with it.
// The Source must not be Temporary.
func (p Source) Bare() (*sql.DB, error) {
	connector, err := p.Engine.connector(p, p.Path)
	if err != nil {
		return nil, err
	}
	return sql.OpenDB(connector), nil
}
