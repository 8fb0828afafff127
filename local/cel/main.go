// Kubernetes' CEL, the oracle for the expressions of guardrails: cel-go with the libraries and limits that the API server
// gives to a ValidatingAdmissionPolicy. It answers each line of standard input with one line:
//
//	{"types":[{"name":"Request","fields":{"reason":"string"}}],"variables":{"request":"Request"}}   the first line
//	{"facts":{"request":{"reason":"x"}}}     the variables of the expressions that follow
//	{"expression":"request.reason == 'x'"}   answered by {"value":{"bool":true}}, or {"error":"…","at":"load"} or "run"
//
// `cel conformance FOLDER` prints the cases of cel-spec instead: an expression and the value that the specification
// demands, or null where it demands an error.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"log"
	"math"
	"math/big"
	"os"
	"path/filepath"
	"sort"
	"strconv"
	"strings"
	"time"

	celpb "cel.dev/expr"
	_ "cel.dev/expr/conformance/proto2"
	_ "cel.dev/expr/conformance/proto3"
	conformance "cel.dev/expr/conformance/test"
	"github.com/google/cel-go/cel"
	"github.com/google/cel-go/common/types"
	"github.com/google/cel-go/common/types/ref"
	"github.com/google/cel-go/common/types/traits"
	"google.golang.org/protobuf/encoding/prototext"
	"k8s.io/apimachinery/pkg/util/version"
	apiservercel "k8s.io/apiserver/pkg/cel"
	"k8s.io/apiserver/pkg/cel/environment"
)

type declaration struct {
	Name   string
	Fields map[string]string
}

type line struct {
	Types      []declaration
	Variables  map[string]string
	Facts      map[string]any
	Expression *string
}

type answer struct {
	Value any    `json:"value,omitempty"`
	Error string `json:"error,omitempty"`
	At    string `json:"at,omitempty"`
}

// vocabulary holds the declared types and variables.
type vocabulary struct {
	types     map[string]*apiservercel.DeclType
	variables map[string]*apiservercel.DeclType
}

const most = 1000

func (v *vocabulary) typeOf(text string) *apiservercel.DeclType {
	switch text {
	case "string":
		return apiservercel.StringType
	case "bool":
		return apiservercel.BoolType
	case "int":
		return apiservercel.IntType
	case "double":
		return apiservercel.DoubleType
	case "timestamp":
		return apiservercel.TimestampType
	case "duration":
		return apiservercel.DurationType
	}
	if inner, found := strings.CutPrefix(text, "list<"); found {
		return apiservercel.NewListType(v.typeOf(strings.TrimSuffix(inner, ">")), most)
	}
	if inner, found := strings.CutPrefix(text, "map<string, "); found {
		return apiservercel.NewMapType(apiservercel.StringType, v.typeOf(strings.TrimSuffix(inner, ">")), most)
	}
	known, found := v.types[text]
	if !found {
		log.Fatalf("there is no type %s", text)
	}
	return known
}

func (v *vocabulary) environment() *cel.Env {
	options := []cel.EnvOption{}
	roots := []*apiservercel.DeclType{}
	for name, declared := range v.variables {
		options = append(options, cel.Variable(name, declared.CelType()))
	}
	for _, declared := range v.types {
		roots = append(roots, declared)
	}
	latest := version.MajorMinor(1, 37)
	extended, err := environment.MustBaseEnvSet(latest).Extend(environment.VersionedOptions{
		IntroducedVersion: version.MajorMinor(1, 0),
		EnvOptions:        options,
		DeclTypes:         roots,
	})
	check(err)
	return extended.StoredExpressionsEnv()
}

// factOf turns JSON into the value that the API server would have.
func factOf(declared *apiservercel.DeclType, given any) any {
	switch {
	case given == nil:
		return nil
	case declared == apiservercel.TimestampType:
		at, err := time.Parse(time.RFC3339Nano, given.(string))
		check(err)
		return at.UTC()
	case declared == apiservercel.DurationType:
		length, err := time.ParseDuration(given.(string))
		check(err)
		return length
	case declared.IsList():
		elements := []any{}
		for _, element := range given.([]any) {
			elements = append(elements, factOf(declared.ElemType, element))
		}
		return elements
	case declared.IsMap():
		return given
	case declared.IsObject():
		fields := map[string]any{}
		for name, field := range given.(map[string]any) {
			fields[name] = factOf(declared.Fields[name].Type, field)
		}
		return fields
	}
	return given
}

func evaluate(env *cel.Env, facts map[string]any, expression string) answer {
	ast, issues := env.Compile(expression)
	if issues.Err() != nil {
		return answer{Error: issues.Err().Error(), At: "load"}
	}
	program, err := env.Program(ast)
	if err != nil {
		return answer{Error: err.Error(), At: "load"}
	}
	result, _, err := program.Eval(facts)
	if err != nil {
		return answer{Error: err.Error(), At: "run"}
	}
	return answer{Value: encode(result)}
}

// encode writes a value so that two are equal exactly where their texts are equal.
func encode(value ref.Val) any {
	switch of := value.(type) {
	case types.Bool:
		return map[string]any{"bool": bool(of)}
	case types.String:
		return map[string]any{"string": string(of)}
	case types.Int:
		return map[string]any{"int": strconv.FormatInt(int64(of), 10)}
	case types.Uint:
		return map[string]any{"uint": strconv.FormatUint(uint64(of), 10)}
	case types.Double:
		if math.IsNaN(float64(of)) {
			return map[string]any{"double": "NaN"}
		}
		return map[string]any{"double": fmt.Sprintf("%016x", math.Float64bits(float64(of)))}
	case types.Null:
		return map[string]any{"null": true}
	case types.Duration:
		return map[string]any{"duration": strconv.FormatInt(int64(of.Duration), 10)}
	case types.Timestamp:
		seconds := new(big.Int).Mul(big.NewInt(of.Unix()), big.NewInt(1_000_000_000))
		return map[string]any{"timestamp": seconds.Add(seconds, big.NewInt(int64(of.Nanosecond()))).String()}
	case traits.Lister:
		elements := []any{}
		for at := of.Iterator(); at.HasNext() == types.True; {
			elements = append(elements, encode(at.Next()))
		}
		return map[string]any{"list": elements}
	case traits.Mapper:
		entries := [][2]any{}
		for at := of.Iterator(); at.HasNext() == types.True; {
			key := at.Next()
			entries = append(entries, [2]any{encode(key), encode(of.Get(key))})
		}
		sort.Slice(entries, func(a, b int) bool { return fmt.Sprint(entries[a][0]) < fmt.Sprint(entries[b][0]) })
		return map[string]any{"map": entries}
	}
	return map[string]any{"other": fmt.Sprint(value)}
}

func answerLines() {
	known := vocabulary{types: map[string]*apiservercel.DeclType{}, variables: map[string]*apiservercel.DeclType{}}
	var env *cel.Env
	facts := map[string]any{}
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 16<<20)
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	for lines.Scan() {
		var given line
		check(json.Unmarshal(lines.Bytes(), &given))
		switch {
		case given.Expression != nil:
			text, err := json.Marshal(evaluate(env, facts, *given.Expression))
			check(err)
			out.Write(append(text, '\n'))
		case given.Facts != nil:
			facts = map[string]any{}
			for name, fact := range given.Facts {
				facts[name] = factOf(known.variables[name], fact)
			}
		default:
			for _, declared := range given.Types {
				fields := map[string]*apiservercel.DeclField{}
				for name, of := range declared.Fields {
					fields[name] = apiservercel.NewDeclField(name, known.typeOf(of), true, nil, nil)
				}
				known.types[declared.Name] = apiservercel.NewObjectType(declared.Name, fields)
			}
			for name, of := range given.Variables {
				known.variables[name] = known.typeOf(of)
			}
			env = known.environment()
		}
	}
	check(lines.Err())
}

type conformanceCase struct {
	Name       string            `json:"name"`
	Expression string            `json:"expression"`
	Bindings   map[string]string `json:"bindings,omitempty"`
	Value      any               `json:"value"`
}

// literalOf writes a bound value as CEL, so that a case with variables becomes one without them.
func literalOf(value *celpb.Value) string {
	switch of := value.GetKind().(type) {
	case *celpb.Value_StringValue:
		return strconv.Quote(of.StringValue)
	case *celpb.Value_Int64Value:
		return strconv.FormatInt(of.Int64Value, 10)
	case *celpb.Value_DoubleValue:
		return strconv.FormatFloat(of.DoubleValue, 'e', -1, 64)
	case *celpb.Value_BoolValue:
		return strconv.FormatBool(of.BoolValue)
	case *celpb.Value_NullValue:
		return "null"
	case *celpb.Value_ListValue:
		elements := []string{}
		for _, element := range of.ListValue.GetValues() {
			elements = append(elements, literalOf(element))
		}
		return "[" + strings.Join(elements, ", ") + "]"
	}
	// A value of a kind that guardrails do not have: the expression will be refused.
	return "b''"
}

func printConformance(folder string) {
	files, err := filepath.Glob(filepath.Join(folder, "*.textproto"))
	check(err)
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	for _, path := range files {
		text, err := os.ReadFile(path)
		check(err)
		file := &conformance.SimpleTestFile{}
		check(prototext.Unmarshal(text, file))
		for _, section := range file.GetSection() {
			for _, test := range section.GetTest() {
				bindings := map[string]string{}
				for name, bound := range test.GetBindings() {
					bindings[name] = literalOf(bound.GetValue())
				}
				item := conformanceCase{
					Name:       file.GetName() + "/" + section.GetName() + "/" + test.GetName(),
					Expression: test.GetExpr(),
					Bindings:   bindings,
				}
				switch wanted := test.GetResultMatcher().(type) {
				case *conformance.SimpleTest_Value:
					item.Value = wantedOf(wanted.Value)
				case *conformance.SimpleTest_TypedResult:
					item.Value = wantedOf(wanted.TypedResult.GetResult())
				case nil:
					item.Value = map[string]any{"bool": true}
				}
				line, err := json.Marshal(item)
				check(err)
				out.Write(append(line, '\n'))
			}
		}
	}
}

func wantedOf(value *celpb.Value) any {
	if value == nil {
		return map[string]any{"other": "only a type"}
	}
	native, err := cel.ProtoAsValue(types.DefaultTypeAdapter, value)
	if err != nil {
		return map[string]any{"other": err.Error()}
	}
	return encode(native)
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

func main() {
	if len(os.Args) == 3 && os.Args[1] == "conformance" {
		printConformance(os.Args[2])
		return
	}
	answerLines()
}
