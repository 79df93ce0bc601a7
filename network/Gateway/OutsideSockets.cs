using System.Runtime.InteropServices;
using Pyco.Host.Bridge;
using Pyco.Host.Publishing;
using Pyco.Posix;
using Pyco.Stack;
using Pyco.Stack.Wire;

namespace Pyco.Network.Gateway;

/// <summary>Sockets of the machine's own network, by which a gateway speaks for its hosts, and how many it may have.</summary>
internal sealed unsafe class OutsideSockets(Action<string> log)
{
    private const int EchoProtocol = 1; // IPPROTO_ICMP

    private readonly DescriptorShortage _shortage = new(log);

    /// <summary>Sockets that are open.</summary>
    public int Open { get; private set; }

    /// <summary>The network's hosts need descriptors for their programs: so many are not the gateway's.</summary>
    private static int Most => (int)Math.Min(OpenFilesLimit.Soft / 2, int.MaxValue);

    /// <summary>Begins a TCP connection.</summary>
    /// <returns>None if it has begun, else the error of the system call; EMFILE also for want of a descriptor to spare.</returns>
    public Errno TryConnectStream(IpEndpoint to, Instant now, out int descriptor)
    {
        Errno error = TryConnect(Constants.SockStream, 0, to, now, out descriptor);
        if (error != Errno.None)
            return error;
        OutsideSocket.Enable(descriptor, OptionNumbers.IpProtoTcp, OptionNumbers.TcpNoDelay); // the host's program has had the choice
        OutsideSocket.Enable(descriptor, Constants.SolSocket, OptionNumbers.SoKeepAlive);
        return Errno.None;
    }

    /// <summary>Makes a UDP socket that has one peer.</summary>
    /// <inheritdoc cref="TryConnectStream"/>
    public Errno TryConnectDatagram(IpEndpoint to, Instant now, out int descriptor) =>
        TryConnect(Constants.SockDgram, 0, to, now, out descriptor);

    /// <summary>Makes a socket for echo requests to one address (icmp(7)); EACCES where net.ipv4.ping_group_range leaves us out.</summary>
    /// <inheritdoc cref="TryConnectStream"/>
    public Errno TryConnectEcho(IpAddress to, Instant now, out int descriptor) =>
        TryConnect(Constants.SockDgram, EchoProtocol, new IpEndpoint(to, 0), now, out descriptor);

    /// <summary>Somebody has closed a socket that came from here.</summary>
    public void NoteClosed() => Open--;

    /// <summary>SO_ERROR.</summary>
    public static Errno TakeError(int descriptor)
    {
        int error = 0;
        uint length = sizeof(int);
        return Libc.getsockopt(descriptor, Constants.SolSocket, Constants.SoError, &error, &length) == 0
            ? (Errno)error
            : (Errno)Marshal.GetLastPInvokeError();
    }

    private Errno TryConnect(int type, int protocol, IpEndpoint to, Instant now, out int descriptor)
    {
        descriptor = -1;
        if (Open >= Most)
        {
            _shortage.Note(now);
            return Errno.EMFILE;
        }
        InternetAddress address = new(to);
        int socket = Libc.socket(address.Family, type | Constants.SockNonblock | Constants.SockCloexec, protocol);
        Errno error = socket < 0 ? LastError() : _shortage.IsAmongLast(socket) ? Errno.EMFILE : Connect(socket, address);
        if (DescriptorShortage.Is(error))
            _shortage.Note(now);
        if (error == Errno.None)
        {
            descriptor = socket;
            Open++;
        }
        else if (socket >= 0)
        {
            _ = Libc.close(socket);
        }
        return error;
    }

    private static Errno Connect(int socket, InternetAddress address)
    {
        Errno error = InternetAddress.Connect(socket, address) == 0 ? Errno.None : LastError();
        return error is Errno.EINPROGRESS or Errno.EINTR ? Errno.None : error;
    }

    private static Errno LastError() => (Errno)Marshal.GetLastPInvokeError();
}
