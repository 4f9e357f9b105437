"""What /etc/hosts would say: every backend is on loopback."""


def server_connect(data):
    data.server.address = ("127.0.0.1", data.server.address[1])
