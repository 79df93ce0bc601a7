using System.Net.Sockets;
using System.Text;

namespace Pyco.Network.Tests.Testing;

/// <summary>A plain connection to one of a network's sockets, that says what the test wants.</summary>
internal sealed class RawClient : IDisposable
{
    private const int PatienceMilliseconds = 60_000;

    private readonly Socket _socket = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified)
    {
        ReceiveTimeout = PatienceMilliseconds,
        SendTimeout = PatienceMilliseconds,
    };

    public RawClient(string path) => _socket.Connect(new UnixDomainSocketEndPoint(path));

    public void Send(ReadOnlySpan<byte> octets) => _socket.Send(octets);

    public void Send(string text) => Send(Encoding.UTF8.GetBytes(text));

    /// <summary>What comes next; empty at the end of the connection.</summary>
    public byte[] Receive()
    {
        byte[] octets = new byte[64 * 1024];
        try
        {
            return octets[.._socket.Receive(octets)];
        }
        catch (SocketException failure) when (failure.SocketErrorCode == SocketError.ConnectionReset)
        {
            return [];
        }
    }

    /// <summary>All that comes until the connection ends.</summary>
    public string ReceiveAll()
    {
        StringBuilder text = new();
        while (Receive() is { Length: > 0 } octets)
            text.Append(Encoding.UTF8.GetString(octets));
        return text.ToString();
    }

    /// <summary>True if the other side has neither said anything nor ended.</summary>
    public bool IsSilent => !_socket.Poll(0, SelectMode.SelectRead);

    /// <summary>True if the other side has ended and nothing more is to be read.</summary>
    public bool IsGone => _socket.Poll(0, SelectMode.SelectRead) && _socket.Available == 0;

    /// <summary>Sends as much as goes at once.</summary>
    public void TrySend(byte[] octets)
    {
        _socket.Blocking = false;
        _ = _socket.Send(octets, 0, octets.Length, SocketFlags.None, out _);
        _socket.Blocking = true;
    }

    public void Dispose() => _socket.Dispose();
}
