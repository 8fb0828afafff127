// Dex (https://dexidp.io) as a second identity provider for the tests: its server package with one connector whose people
// change by lines of JSON on standard input. Each line is answered by one line on standard output, so that a test knows
// when its change applies:
//
//	{"do":"set","person":"mina","name":"Mina Okafor","email":"mina@example.com","groups":["payments-dev"]}
//	{"do":"remove","person":"mina"}   the connector no longer knows the person
//	{"do":"revoke","person":"mina"}   their refresh tokens are deleted
//	{"do":"break"}, {"do":"mend"}     the connector fails for everyone, and works again
//
// Environment: PORT, DATABASE_URL, CLIENT_SECRET, REDIRECT_URI. It ends when its standard input is closed.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"log"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"sync"
	"time"

	gosundheit "github.com/AppsFlyer/go-sundheit"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/dexidp/dex/connector"
	"github.com/dexidp/dex/server"
	"github.com/dexidp/dex/server/connectors"
	"github.com/dexidp/dex/server/signer"
	"github.com/dexidp/dex/server/tokens"
	"github.com/dexidp/dex/storage"
	"github.com/dexidp/dex/storage/sql"
)

const connectorID = "people"

type command struct {
	Do, Person, Name, Email string
	Groups                  []string
}

// people is Dex's connector: the directory behind it, which a test controls.
type people struct {
	sync.Mutex
	known  map[string]command
	broken bool
}

func (p *people) Open(string, *slog.Logger) (connector.Connector, error) { return p, nil }

func (p *people) identity(person string) (connector.Identity, error) {
	p.Lock()
	defer p.Unlock()
	if p.broken {
		return connector.Identity{}, errors.New("the directory does not respond")
	}
	known, ok := p.known[person]
	if !ok {
		return connector.Identity{}, errors.New("the directory has no such person")
	}
	return connector.Identity{
		UserID: person, Username: known.Name, PreferredUsername: person,
		Email: known.Email, EmailVerified: true, Groups: known.Groups,
	}, nil
}

func (p *people) LoginURL(_ connector.Scopes, callbackURL, state string) (string, []byte, error) {
	query := url.Values{"callback": {callbackURL}, "state": {state}}
	return "/sign-in/?" + query.Encode(), nil, nil
}

func (p *people) HandleCallback(_ connector.Scopes, _ []byte, r *http.Request) (connector.Identity, error) {
	return p.identity(r.FormValue("person"))
}

func (p *people) Refresh(_ context.Context, _ connector.Scopes, known connector.Identity) (connector.Identity, error) {
	return p.identity(known.UserID)
}

// signIn is the page on which the person is chosen: a form with one field and no password.
func signIn(w http.ResponseWriter, r *http.Request) {
	callback, err := url.Parse(r.FormValue("callback"))
	if err != nil || r.Method != http.MethodPost {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		fmt.Fprintf(w, `<form method="post" action="%s"><input name="person"><button>Sign in</button></form>`,
			html.EscapeString(r.URL.RequestURI()))
		return
	}
	callback.RawQuery = url.Values{"state": {r.FormValue("state")}, "person": {r.FormValue("person")}}.Encode()
	http.Redirect(w, r, callback.String(), http.StatusSeeOther)
}

func main() {
	ctx := context.Background()
	logger := slog.New(slog.NewTextHandler(os.Stderr, nil))
	database, err := url.Parse(os.Getenv("DATABASE_URL"))
	must(err)
	password, _ := database.User.Password()
	databasePort, err := strconv.ParseUint(database.Port(), 10, 16)
	must(err)
	// NB: not Dex's memory storage, which deadlocks while it refreshes a token.
	postgres := sql.Postgres{
		NetworkDB: sql.NetworkDB{
			Host: database.Hostname(), Port: uint16(databasePort), Database: database.Path[1:],
			User: database.User.Username(), Password: password, ConnectionTimeout: 5,
		},
		SSL: sql.SSL{Mode: "disable"},
	}
	store, err := postgres.Open(logger)
	must(err)
	store = storage.WithStaticClients(store, []storage.Client{{
		ID: "postern", Secret: os.Getenv("CLIENT_SECRET"), Name: "Postern",
		RedirectURIs: []string{os.Getenv("REDIRECT_URI")},
	}})
	store = storage.WithStaticConnectors(store, []storage.Connector{
		{ID: connectorID, Type: connectorID, Name: "People", Config: []byte("{}")},
	})
	directory := &people{known: map[string]command{}}
	server.ConnectorsConfig[connectorID] = func() connectors.ConnectorConfig { return directory }

	// As `dex serve` sets it up by default: refresh tokens are replaced at each use.
	keys, err := (&signer.LocalConfig{KeysRotationPeriod: "6h"}).Open(ctx, store, time.Hour, time.Now, logger)
	must(err)
	address := "127.0.0.1:" + os.Getenv("PORT")
	dex, err := server.NewServer(ctx, server.Config{
		Issuer: "http://" + address + "/dex", Storage: store, Signer: keys, Logger: logger,
		SkipApprovalScreen: true, IDTokensValidFor: time.Hour,
		RefreshTokenPolicy: tokens.NewRefreshStrategy(true, 0, 0, 0, time.Now),
		PrometheusRegistry: prometheus.NewRegistry(), HealthChecker: gosundheit.New(),
	})
	must(err)
	keys.Start(ctx)
	routes := http.NewServeMux()
	routes.Handle("/", dex)
	routes.HandleFunc("/sign-in/", signIn)
	listener, err := net.Listen("tcp", address)
	must(err)
	go func() { must(http.Serve(listener, routes)) }()

	refreshTokens := tokens.NewRefreshStore(store, time.Now, logger)
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		var line command
		must(json.Unmarshal(lines.Bytes(), &line))
		directory.Lock()
		switch line.Do {
		case "set":
			directory.known[line.Person] = line
		case "remove":
			delete(directory.known, line.Person)
		case "revoke":
			refreshTokens.RevokeAll(ctx, line.Person, connectorID)
		case "break", "mend":
			directory.broken = line.Do == "break"
		default:
			log.Fatalf("there is no command %q", line.Do)
		}
		directory.Unlock()
		fmt.Println("done")
	}
}

func must(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
