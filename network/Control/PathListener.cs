using System.Runtime.InteropServices;
using Pyco.Host.Bridge;
using Pyco.Host.Loop;
using Pyco.Posix;
using Pyco.Stack;

namespace Pyco.Network.Control;

/// <summary>A listening stream socket with a path, and the connections to it that have not said yet what they want.</summary>
/// <typeparam name="T">Such a connection.</typeparam>
internal sealed class PathListener<T> : IDisposable
    where T : PendingConnection
{
    /// <summary>How long a connection may be silent.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    /// <summary>When there is one more, the one that has been silent for longest goes.</summary>
    private const int MostPending = 256;

    private const int Backlog = 1024;

    private readonly EventLoop _loop;
    private readonly Func<int, T> _make;
    private readonly LinkedList<PendingConnection> _byAge = new();
    private readonly Acceptor _acceptor;
    private readonly Timer _timer;

    /// <param name="loop">Watches the sockets.</param>
    /// <param name="path">The socket's path.</param>
    /// <param name="options">Who may connect.</param>
    /// <param name="make">Makes a connection of an accepted descriptor.</param>
    /// <exception cref="IOException">It cannot be made.</exception>
    public PathListener(EventLoop loop, string path, NetworkOptions options, Func<int, T> make)
    {
        if (!UnixAddress.TryFromPath(path, out UnixAddress address))
            throw new IOException($"the path {path} is too long for a socket (107 octets at most): choose a shorter one");
        _loop = loop;
        _make = make;
        try
        {
            _acceptor = new Acceptor(loop, address, Constants.SockStream, Backlog, Accept, AwaitDescriptors);
        }
        catch (SystemCallException failure)
        {
            throw new IOException($"cannot listen at {path}: {Marshal.GetPInvokeErrorMessage(failure.Errno)}", failure);
        }
        SocketAccess.Grant(path, options);
        _timer = new Timer(this);
        loop.Add(_timer);
    }

    public void Dispose()
    {
        _loop.Remove(_timer);
        _acceptor.Dispose();
        while (_byAge.First is { } oldest)
            oldest.Value.Close();
    }

    private void Accept(int descriptor, Instant now)
    {
        if (_byAge.Count >= MostPending)
            _byAge.First!.Value.Close();
        T connection = _make(descriptor);
        connection.Begin(_byAge, now + Patience);
        if (_loop.TryAdd(connection, Constants.EpollIn | Constants.EpollRdhup))
            connection.OnEvents(Constants.EpollIn, now); // what it wants is mostly there already
        else
            connection.Close();
        _timer.Wake();
    }

    /// <summary>There is no descriptor: the acceptor pauses, and only the timer ends that.</summary>
    private Errno AwaitDescriptors(Acceptor acceptor, Instant now)
    {
        _timer.Wake();
        return Errno.EMFILE;
    }

    private Instant? Advance(Instant now)
    {
        while (_byAge.First?.Value is { } oldest && oldest.ExpiresAt <= now)
            oldest.Close();
        return Instant.Earlier(_byAge.First?.Value.ExpiresAt, _acceptor.Advance(now));
    }

    private sealed class Timer(PathListener<T> listener) : LoopTenant
    {
        protected override Instant? Run(Instant now) => listener.Advance(now);
    }
}
