"""Python's http.server (HTTP/1.1) and wsgiref (HTTP/1.0) under TLS; both hand what comes on to the backend."""

import gzip
import http.client
import http.server
import socketserver
import ssl
import threading
import wsgiref.simple_server

UPSTREAMS = {"gone": @GONE@, "broken": @BROKEN@, "silent": @SILENT@}


def ask(method, path, headers, body):
    """The backend's answer: status, content type and body."""
    first, rest = path[1:].split("/", 1)
    port, path = (@BACKEND@, path) if first == "api" else (UPSTREAMS.get(first, @BACKEND@), "/" + rest)
    kept = {name: value for name, value in headers.items() if name.lower() not in ("host", "connection")}
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=0.2)
    try:
        connection.request(method, path, body, kept)
        answer = connection.getresponse()
        return answer.status, answer.headers["Content-Type"], answer.read()
    except TimeoutError:
        return 504, "text/plain", b"the backend is silent"
    except (OSError, http.client.HTTPException):
        return 502, "text/plain", b"the backend is gone"
    finally:
        connection.close()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def handle_request(self):
        if self.path.startswith("/small/") and int(self.headers.get("Content-Length", 0)) > 16:
            self.close_connection = True
            return self.send_error(413)
        if self.path.startswith("/misdirected/"):
            return self.send_error(421)
        if self.path.startswith("/interim/"):
            # Nobody has asked for it, and any client must pass it over (RFC 9110, 15.2).
            self.send_response_only(100)
            self.end_headers()
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        status, kind, body = ask(self.command, self.path, self.headers, body)
        self.send_response(status)
        self.send_header("Content-Type", kind)
        if self.path.startswith("/gzip/"):
            body = gzip.compress(body)
            self.send_header("Content-Encoding", "gzip")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for byte in body:
            self.wfile.write(b"1\r\n%c\r\n" % byte)
        self.wfile.write(b"0\r\n\r\n")

    do_GET = do_POST = handle_request

    def log_message(self, *arguments):
        pass


class Redirecting(Handler):
    def handle_request(self):
        self.send_response(301)
        self.send_header("Location", "https://localhost:@TLS13@" + self.path)
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_GET = do_POST = handle_request


class QuietWsgi(wsgiref.simple_server.WSGIRequestHandler):
    def log_message(self, *arguments):
        pass


class ThreadingWsgi(socketserver.ThreadingMixIn, wsgiref.simple_server.WSGIServer):
    daemon_threads = True


def application(environ, start_response):
    headers = {
        name[5:].replace("_", "-"): value for name, value in environ.items() if name.startswith("HTTP_")
    }
    body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    status, kind, body = ask(environ["REQUEST_METHOD"], environ["PATH_INFO"], headers, body)
    start_response(f"{status} {http.client.responses[status]}", [("Content-Type", kind)])
    # Without a length: by two pieces, so that wsgiref knows none.
    return [body[:9], body[9:]]


def serve(server, version=None, client=False):
    if version:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = context.maximum_version = version
        context.load_cert_chain("@DIR@/server.pem", "@DIR@/server.key")
        if client:
            context.load_verify_locations("@DIR@/ca.pem")
            context.verify_mode = ssl.CERT_REQUIRED
        server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever).start()


def by_http_server(port, handler=Handler):
    return http.server.ThreadingHTTPServer(("127.0.0.1", port), handler)


TLS12, TLS13 = ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3
serve(by_http_server(@TLS12@), TLS12)
serve(by_http_server(@TLS13@), TLS13)
serve(by_http_server(@CLIENT12@), TLS12, client=True)
serve(by_http_server(@CLIENT13@), TLS13, client=True)
serve(by_http_server(@CLEAR@, Redirecting))
for port, version in ((@WSGI@, TLS13), (@WSGI_CLEAR@, None)):
    wsgi = ThreadingWsgi(("127.0.0.1", port), QuietWsgi)
    wsgi.set_app(application)
    serve(wsgi, version)
