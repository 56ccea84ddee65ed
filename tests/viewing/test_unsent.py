"""What the kernel still holds for a client."""

import socket

from django_logtail.viewing.unsent import SEND, unsent_bytes


def test_what_a_client_does_not_read_is_counted_and_a_socket_that_is_gone_holds_nothing():
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        socket.create_connection(server.getsockname()) as client,
    ):
        ours, _ = server.accept()
        with ours:
            before = unsent_bytes(ours)
            ours.setblocking(False)
            sent = 0
            try:
                while sent < 200_000_000:
                    sent += ours.send(bytes(65_536))
            except BlockingIOError:
                pass
            held = unsent_bytes(ours)
            assert client.fileno() > 0

    assert (before, 0 < held <= sent) == (0, True)
    assert [unsent_bytes(one) for one in (ours, None, object())] == [0, 0, 0]


def test_the_key_of_a_request_s_scope_is_ours():
    assert SEND == "django_logtail.send"
