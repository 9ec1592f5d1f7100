package codegen

import (
	"math"
	"strconv"
	"strings"

	lua "github.com/yuin/gopher-lua"
	"github.com/yuin/gopher-lua/ast"
)

// constantValue returns the value of an expression that is a constant.
func constantValue(e ast.Expr) (lua.LValue, bool) {
	switch e := e.(type) {
	case *ast.NilExpr:
		return lua.LNil, true
	case *ast.TrueExpr:
		return lua.LTrue, true
	case *ast.FalseExpr:
		return lua.LFalse, true
	case *ast.StringExpr:
		return lua.LString(e.Value), true
	}
	return number(e)
}

// number returns the value of a number or of arithmetic with numbers. It reports false
// if the result is 0, NaN or infinite.
func number(e ast.Expr) (lua.LNumber, bool) {
	switch e := e.(type) {
	case *ast.NumberExpr:
		n, err := ParseNumber(e.Value)
		if err != nil {
			fail(e.Line(), "malformed number near '%s'", e.Value)
		}
		return lua.LNumber(n), true
	case *ast.UnaryMinusOpExpr:
		n, ok := number(e.Expr)
		return -n, ok && n != 0
	case *ast.ArithmeticOpExpr:
		if e.Operator == "^" || e.Operator == "%" {
			return 0, false // left to the virtual machine
		}
		a, ok := number(e.Lhs)
		if !ok {
			return 0, false
		}
		b, ok := number(e.Rhs)
		if !ok {
			return 0, false
		}
		n := calculate(e.Operator, float64(a), float64(b))
		return lua.LNumber(n), n != 0 && !math.IsNaN(n) && !math.IsInf(n, 0)
	}
	return 0, false
}

// calculate returns the result of an operator.
func calculate(operator string, a, b float64) float64 {
	switch operator {
	case "+":
		return a + b
	case "-":
		return a - b
	case "*":
		return a * b
	case "/":
		return a / b
	}
	return math.NaN()
}

// ParseNumber parses a number in the form of Lua's source: decimal, or a hexadecimal
// integer.
func ParseNumber(text string) (float64, error) {
	if len(text) > 2 && text[0] == '0' && (text[1] == 'x' || text[1] == 'X') {
		n := 0.0
		for _, digit := range text[2:] {
			v, err := strconv.ParseUint(string(digit), 16, 8)
			if err != nil {
				return 0, err
			}
			n = n*16 + float64(v)
		}
		return n, nil
	}
	if strings.ContainsAny(text, "xXpP_iInN") {
		return 0, strconv.ErrSyntax
	}
	n, err := strconv.ParseFloat(text, 64)
	if err != nil && math.IsInf(n, 0) {
		err = nil // too large, which is infinite in Lua
	}
	return n, err
}

// endLine returns the last line of a statement or an expression that the tree contains.
func endLine(node ast.PositionHolder) int {
	line := max(node.Line(), node.LastLine())
	switch n := node.(type) {
	case *ast.AttrGetExpr:
		return max(line, endLine(n.Key))
	case *ast.FuncCallExpr:
		if n.Func != nil {
			line = max(line, endLine(n.Func))
		}
		if len(n.Args) > 0 {
			line = max(line, endLine(n.Args[len(n.Args)-1]))
		}
		return line
	case *ast.ArithmeticOpExpr:
		return max(line, endLine(n.Rhs))
	case *ast.StringConcatOpExpr:
		return max(line, endLine(n.Rhs))
	case *ast.RelationalOpExpr:
		return max(line, endLine(n.Rhs))
	case *ast.LogicalOpExpr:
		return max(line, endLine(n.Rhs))
	case *ast.UnaryMinusOpExpr:
		return max(line, endLine(n.Expr))
	case *ast.UnaryNotOpExpr:
		return max(line, endLine(n.Expr))
	case *ast.UnaryLenOpExpr:
		return max(line, endLine(n.Expr))
	case *ast.TableExpr:
		if len(n.Fields) > 0 {
			return max(line, endLine(n.Fields[len(n.Fields)-1].Value))
		}
	case *ast.AssignStmt:
		return max(line, endLine(n.Rhs[len(n.Rhs)-1]))
	case *ast.LocalAssignStmt:
		if len(n.Exprs) > 0 {
			return max(line, endLine(n.Exprs[len(n.Exprs)-1]))
		}
	case *ast.FuncCallStmt:
		return max(line, endLine(n.Expr))
	case *ast.ReturnStmt:
		if len(n.Exprs) > 0 {
			return max(line, endLine(n.Exprs[len(n.Exprs)-1]))
		}
	}
	return line
}
