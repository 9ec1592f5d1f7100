---@meta spectrum.sql

---SQL for the transport's database and for other databases. Placeholders are `?` with every engine. Other handlers and tasks run while a function waits.
---@class spectrum.sql
---The engine of the transport's database: `"sqlite"`, `"postgresql"` or `"mysql"` (also for MariaDB). `""` if the config is wrong.
---@field engine string
---The value of `[database] prefix` in the config, for the names of tables.
---@field prefix string
---NULL, for places where Lua does not allow nil. It is the same value as `json.null`.
---@field null spectrum.json.Null
local sql = {}

---Runs a statement that returns rows, and returns them all.
---@param statement string
---@param ... string|number|boolean|spectrum.sql.Blob|spectrum.json.Null|nil values for the placeholders
---@return table[]? rows a list of tables by column name; NULL is nil
---@return string? message
function sql.query(statement, ...) end

---Runs a statement that returns no rows.
---@param statement string
---@param ... string|number|boolean|spectrum.sql.Blob|spectrum.json.Null|nil values for the placeholders
---@return integer? affected the number of changed rows
---@return integer|string|nil id the last id that the database generated, or the error message; for PostgreSQL use `RETURNING` with `query`
function sql.exec(statement, ...) end

---Runs a statement that returns rows, and calls a function with each row. It does not hold all rows in memory. If the function returns `false`, the iteration ends.
---@param statement string
---@param ... any values for the placeholders, and last the function, for example `function(row) … end`
---@return integer? n the number of rows passed to the function
---@return string? message
function sql.each(statement, ...) end

---Calls a function in a transaction. The transaction covers all use of this database by this task during the call. It is committed when the function returns, and rolled back if the function raises an error. The function may be called again after a conflict with another transaction.
---@param fn async fun(): ...: any
---@param options? spectrum.sql.TransactionOptions
---@return any ... the results of the function, or `true` without results; `nil, message` if the database failed
function sql.transaction(fn, options) end

---Runs the migration steps that have not run yet, in order. Each step runs once, even if several processes call the function.
---@param steps spectrum.sql.Steps
---@return integer? n the number of steps that ran
---@return string? message
function sql.migrate(steps) end

---Opens another database: `"sqlite:FILE"`, relative to the config file's folder; `"postgres://USER:PASSWORD@HOST:PORT/DATABASE"`; `"mysql://…"`; `"memory"`. An unreachable database gives an error at the first statement.
---@param where string
---@param options? spectrum.sql.OpenOptions
---@return spectrum.sql.Database? database nil if the address is invalid
---@return string? message
function sql.open(where, options) end

---Marks a string as bytes, for a binary column.
---@param data string
---@return spectrum.sql.Blob blob
function sql.blob(data) end

---A string that is sent to the database as bytes.
---@class spectrum.sql.Blob

---The argument of `sql.migrate`: a list of steps. A step is a statement, a list of statements, or a function.
---@class spectrum.sql.Steps
---@field [integer] any
---The name of the list, for a script with several lists (default: `""`).
---@field name? string

---@class spectrum.sql.TransactionOptions
---The limit in seconds for the whole transaction; when it expires, the transaction is rolled back (default: 30).
---@field timeout? number

---@class spectrum.sql.OpenOptions
---The limit in seconds for each statement (default: 10).
---@field timeout? number
---The owner of the database, `spectrum` or a session; the database is closed when it ends (default: the owner of the running handler or task).
---@field owner? spectrum|spectrum.Session

---A database from `sql.open`.
---@class spectrum.sql.Database
---The engine: `"sqlite"`, `"postgresql"` or `"mysql"`.
---@field engine string
local database = {}

---As `sql.query`.
---@param statement string
---@param ... string|number|boolean|spectrum.sql.Blob|spectrum.json.Null|nil
---@return table[]? rows
---@return string? message
function database:query(statement, ...) end

---As `sql.exec`.
---@param statement string
---@param ... string|number|boolean|spectrum.sql.Blob|spectrum.json.Null|nil
---@return integer? affected
---@return integer|string|nil id the id or the error message
function database:exec(statement, ...) end

---As `sql.each`.
---@param statement string
---@param ... any
---@return integer? n
---@return string? message
function database:each(statement, ...) end

---As `sql.transaction`.
---@param fn async fun(): ...: any
---@param options? spectrum.sql.TransactionOptions
---@return any ...
function database:transaction(fn, options) end

---As `sql.migrate`.
---@param steps spectrum.sql.Steps
---@return integer? n
---@return string? message
function database:migrate(steps) end

---Closes the database. Running statements fail.
function database:close() end
