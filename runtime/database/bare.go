package database

import "database/sql"

// Bare opens a place, which is no temporary one, with its driver and nothing
// else of ours. It is what the store is measured against.
func (p Source) Bare() (*sql.DB, error) {
	connector, err := p.Engine.connector(p, p.Path)
	if err != nil {
		return nil, err
	}
	return sql.OpenDB(connector), nil
}
