package stdlib_test
import ("os";"testing";"spectrumlua/luabind/luatest";"strings";"fmt")
func TestZZ(t *testing.T){ b,err:=os.ReadFile(os.Getenv("ZZ")); if err!=nil {t.Skip()}
 st:=luatest.New(t,string(b)+"\nreturn {}")
 err=st.Host.Load()
 fmt.Println(strings.ReplaceAll(strings.ReplaceAll(st.Log.String(),"\x00","\n"),"info category=script ",""))
 if err!=nil {fmt.Println("ERR",err)}
}
