"""tls_front.py CERTIFICATE KEY BACKEND-PORT CRL: TLS in front of a backend in clear, and the CRL over HTTP, on loopback.

Prints the port of each. Ends when its standard input does.
"""
import http.server, pathlib, socket, ssl, sys, threading

certificate, key, backend, crl = sys.argv[1:]


class Revocations(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = pathlib.Path(crl).read_bytes()
        self.send_response(200)
        self.send_header("Content-Type", "application/pkix-crl")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def copy(source, target):
    try:
        while data := source.recv(4096):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        pass  # The other side has gone: so does this connection.


def serve(raw):
    try:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        client = context.wrap_socket(raw, server_side=True)
    except OSError:
        return  # The client did not like the certificate.
    server = socket.create_connection(("127.0.0.1", int(backend)))
    threading.Thread(target=copy, args=(server, client), daemon=True).start()
    copy(client, server)


def accept(listener):
    while True:
        threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()


revocations = http.server.HTTPServer(("127.0.0.1", 0), Revocations)
listener = socket.create_server(("127.0.0.1", 0))
print(revocations.server_port, listener.getsockname()[1], flush=True)
threading.Thread(target=revocations.serve_forever, daemon=True).start()
threading.Thread(target=accept, args=(listener,), daemon=True).start()
sys.stdin.read()
