using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Pyco.Host.Tests.Testing;

/// <summary>A socket of the machine's own network, which never waits.</summary>
internal sealed class OutsideClient : IDisposable
{
    private OutsideClient(Socket socket) => Socket = socket;

    public Socket Socket { get; }

    /// <summary>What the last call that failed has said.</summary>
    public SocketError LastError { get; private set; }

    /// <summary>A TCP socket that has yet to connect.</summary>
    public static OutsideClient Open() => new(new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp));

    /// <summary>A connected TCP socket.</summary>
    /// <exception cref="SocketException">Nobody listens.</exception>
    public static OutsideClient Connect(ushort port)
    {
        OutsideClient client = Open();
        try
        {
            client.Connect(IPAddress.Loopback, port);
            return client;
        }
        catch (SocketException)
        {
            client.Dispose();
            throw;
        }
    }

    /// <summary>A UDP socket that hears and speaks to the port alone.</summary>
    public static OutsideClient ConnectDatagram(ushort port, string address = "127.0.0.1")
    {
        OutsideClient client = new(new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp));
        client.Connect(IPAddress.Parse(address), port);
        return client;
    }

    /// <summary>The kernel answers for who listens on loopback, so that this waits for nobody in this process.</summary>
    public void Connect(IPAddress address, ushort port)
    {
        Socket.Connect(address, port);
        Socket.Blocking = false;
    }

    /// <summary>How many octets the kernel took, or -1.</summary>
    public int Send(ReadOnlySpan<byte> octets)
    {
        int sent = Socket.Send(octets, SocketFlags.None, out SocketError error);
        if (error == SocketError.Success)
            return sent;
        LastError = error;
        return -1;
    }

    public int Send(string text) => Send(Encoding.ASCII.GetBytes(text));

    /// <summary>The length, 0 at the end, -1 with <see cref="LastError"/>.</summary>
    public int Receive(Span<byte> buffer)
    {
        int length = Socket.Receive(buffer, SocketFlags.None, out SocketError error);
        if (error == SocketError.Success)
            return length;
        LastError = error;
        return -1;
    }

    /// <summary>True once there is something to read, or an end.</summary>
    public bool IsReadable => Socket.Poll(0, SelectMode.SelectRead);

    /// <summary>What can be read at this moment, at most once.</summary>
    public string ReceiveText()
    {
        byte[] buffer = new byte[65536];
        return Encoding.ASCII.GetString(buffer, 0, Math.Max(0, Receive(buffer)));
    }

    /// <summary>Closes with RST.</summary>
    public void Reset()
    {
        Socket.LingerState = new LingerOption(true, 0);
        Socket.Dispose();
    }

    public void Dispose() => Socket.Dispose();
}
