using Pyco.Host.Bridge;
using Pyco.Host.Loop;
using Pyco.Posix;
using Pyco.Stack;

namespace Pyco.Host.Control;

/// <summary>A listening stream socket, and the connections to it that have not said yet what they want.</summary>
/// <typeparam name="T">Such a connection.</typeparam>
internal sealed class ConnectionListener<T> : IDisposable
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
    /// <param name="address">The socket's path or name.</param>
    /// <param name="make">Makes a connection of an accepted descriptor.</param>
    /// <exception cref="SystemCallException">The socket cannot be made.</exception>
    public ConnectionListener(EventLoop loop, in UnixAddress address, Func<int, T> make)
    {
        _loop = loop;
        _make = make;
        _acceptor = new Acceptor(loop, address, Constants.SockStream, Backlog, Accept, AwaitDescriptors);
        _timer = new Timer(this);
        loop.Add(_timer);
    }

    /// <summary>Whether to hear somebody at all; null hears everybody whom the socket's permissions let in.</summary>
    public Func<PeerCredentials, bool>? Admits { get; init; }

    public void Dispose()
    {
        _loop.Remove(_timer);
        _acceptor.Dispose();
        while (_byAge.First is { } oldest)
            oldest.Value.Close();
    }

    private void Accept(int descriptor, Instant now)
    {
        T connection = _make(descriptor);
        if (Admits?.Invoke(connection.Peer) == false)
        {
            connection.Close();
            return;
        }
        if (_byAge.Count >= MostPending)
            _byAge.First!.Value.Close();
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

    private sealed class Timer(ConnectionListener<T> listener) : LoopTenant
    {
        protected override Instant? Run(Instant now) => listener.Advance(now);
    }
}
