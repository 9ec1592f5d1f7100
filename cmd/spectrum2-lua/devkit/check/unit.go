package check

import (
	"github.com/yuin/gopher-lua/ast"
)

// unit is one file of a program, and what is known about its names.
type unit struct {
	*program
	path   string
	source *sourceFile
	isMain bool

	vars      map[*ast.IdentExpr]*variable // the variables that expressions name
	locals    []*variable
	localLine map[string]int // the line of the first variable of a name
	functions map[*ast.FunctionExpr]*function
	calls     []*ast.FuncCallExpr
	callOf    map[ast.Expr]*ast.FuncCallExpr // by the function expression
	members   []member                       // fields that the file reads
	sets      []set
	single    map[ast.Expr]bool                       // values of assignments to one place
	within    map[*ast.FuncCallExpr]*ast.FunctionExpr // the function around a call
	dropped   []ast.Expr                              // calls that are statements
	globals   []global                                // globals that the file reads
	compared  []*ast.RelationalOpExpr
	returns   []*ast.ReturnStmt // outside functions
	requires  []required

	globalSets  map[string]int // the line of the first assignment
	tested      map[string]bool
	names       map[string]bool // names of fields that the file sets, and all strings
	wild        bool
	usesPackage bool

	handlerUses map[*ast.IdentExpr]bool // names of functions that are handlers
	types       map[ast.Expr]value
	busy        map[any]bool
	steps       int
}

// variable is a local variable or a parameter.
type variable struct {
	name     string
	line     int
	values   []assigned
	reads    []use
	function *function // the function that has this parameter
	index    int       // the parameter's position
	loop     *ast.GenericForStmt
	loopAt   int
	// group holds the variables of one local statement. A used variable excuses the
	// unused ones before it.
	group []*variable
	isFor bool
	// inside is the function that the variable holds. Uses inside it do not count.
	inside *ast.FunctionExpr
}

// assigned is a value that a variable receives: a result of an expression.
type assigned struct {
	expr ast.Expr // nil if the value is unknown
	nth  int      // the number of the result
}

// use is a position where the file reads a variable.
type use struct {
	ident *ast.IdentExpr
	call  *ast.FuncCallExpr // the call that has it as function or argument
	arg   int               // the argument's number; -1 is the function
	own   bool              // it is inside the function that the variable holds
}

// function is a function of the file.
type function struct {
	expr   *ast.FunctionExpr
	params []*variable
	self   bool      // params starts with self
	holder *variable // the local variable that only ever holds it
	call   *ast.FuncCallExpr
	arg    int // its number among call's arguments; -1 if it is called
	// handler holds the arguments if the function is a handler.
	handler []value
}

// member is a field that the file reads, as in session.user.
type member struct {
	expr   *ast.AttrGetExpr
	called bool
}

// set is an assignment to a field.
type set struct {
	target *ast.AttrGetExpr
	value  ast.Expr
}

type global struct {
	name   string
	line   int
	called bool
}

type required struct {
	name string
	line int
}

func newUnit(p *program, path string, s *sourceFile) *unit {
	u := &unit{program: p, path: path, source: s,
		vars: map[*ast.IdentExpr]*variable{}, localLine: map[string]int{}, functions: map[*ast.FunctionExpr]*function{}, callOf: map[ast.Expr]*ast.FuncCallExpr{},
		globalSets: map[string]int{}, tested: map[string]bool{}, names: map[string]bool{},
		handlerUses: map[*ast.IdentExpr]bool{}, types: map[ast.Expr]value{}, single: map[ast.Expr]bool{}, within: map[*ast.FuncCallExpr]*ast.FunctionExpr{}, busy: map[any]bool{}}
	if s.ok {
		r := &resolver{unit: u}
		r.block(s.tree)
	}
	return u
}

func (u *unit) tell(line int, code, text string) { u.checker.tell(u.path, line, code, text) }

// check reports all findings of the file.
func (u *unit) check() {
	if !u.source.ok {
		return
	}
	u.checkHandlers() // first, because it finds the arguments of handlers
	u.checkRequires()
	u.checkModules()
	u.checkText()
	u.checkLoads()
	u.checkResults()
	u.checkUnchecked()
	u.checkData()
	u.checkGlobals()
	u.checkUnused()
	u.checkMembers()
	u.checkSets()
	u.checkCalls()
	u.checkCompared()
}
