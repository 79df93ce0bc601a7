using System.Runtime.InteropServices;
using Pyco.Posix;
using Pyco.Stack;
using Pyco.Stack.Sockets;

namespace Pyco.Host.Bridge;

/// <summary>
/// Takes established connections to the program that listens: for each an AF_UNIX socket, which carries both addresses
/// in its name, is connected to the program's listening socket. While the kernel does not take it (the program's backlog
/// is full, or there is no descriptor) the first connection waits here and those behind it in the stack, whose queue is
/// bounded: a program that never accepts costs no more than that.
/// </summary>
internal sealed class HandOvers(SocketBridge bridge)
{
    /// <summary>Often enough to keep a busy server busy.</summary>
    private static readonly TimeSpan FirstRetry = TimeSpan.FromMilliseconds(2);

    /// <summary>Seldom enough not to be felt when a server has stopped accepting.</summary>
    private static readonly TimeSpan LongestRetry = TimeSpan.FromMilliseconds(128);

    private readonly Dictionary<StreamSocket, Waiting> _waiting = [];
    private Instant? _retryAt;

    /// <summary>How many listeners have a connection that the kernel does not take yet.</summary>
    public int WaitingListeners => _waiting.Count;

    /// <summary>Takes over what the listener has ready.</summary>
    public void Serve(StreamSocket listener, Instant now)
    {
        if (!_waiting.ContainsKey(listener)) // they go in order
            Take(listener, now);
    }

    /// <summary>Tries again, when it is time to.</summary>
    /// <returns>When to try next, or null.</returns>
    public Instant? Advance(Instant now)
    {
        if (!(now >= _retryAt))
            return _retryAt;
        _retryAt = null;
        foreach ((StreamSocket listener, Waiting waiting) in _waiting.ToArray())
        {
            if (waiting.RetryAt > now)
            {
                _retryAt = Instant.Earlier(_retryAt, waiting.RetryAt);
            }
            else if (TryHandOver(listener, waiting.Connection, now))
            {
                _waiting.Remove(listener);
                Take(listener, now);
            }
            else
            {
                TimeSpan delay = waiting.Delay * 2 < LongestRetry ? waiting.Delay * 2 : LongestRetry;
                Wait(listener, waiting.Connection, delay, now);
            }
        }
        return _retryAt;
    }

    /// <summary>The listener is gone: what waits for it is reset, as Linux does.</summary>
    public void Drop(StreamSocket listener, Instant now)
    {
        if (_waiting.Remove(listener, out Waiting waiting))
            waiting.Connection.Abort(now);
    }

    private void Take(StreamSocket listener, Instant now)
    {
        while (listener.Tcp.TryAccept(out TcpSocket? connection))
        {
            if (TryHandOver(listener, connection!, now))
                continue;
            Wait(listener, connection!, FirstRetry, now);
            return;
        }
    }

    private void Wait(StreamSocket listener, TcpSocket connection, TimeSpan delay, Instant now)
    {
        Instant at = now + delay;
        _waiting[listener] = new Waiting(connection, delay, at);
        _retryAt = Instant.Earlier(_retryAt, at);
    }

    /// <summary>False if it has to wait.</summary>
    private bool TryHandOver(StreamSocket listener, TcpSocket connection, Instant now)
    {
        SocketKey key = new(SocketKind.Accepted, listener.IsV6, KernelEntropy.Instance.NextUInt64());
        int descriptor = Libc.socket(
            Constants.AfUnix, Constants.SockStream | Constants.SockNonblock | Constants.SockCloexec, 0);
        if (descriptor < 0 || bridge.IsScarce(descriptor))
        {
            bridge.Shortage.Note(now);
            _ = Libc.close(descriptor);
            return false;
        }
        bool isConnected =
            UnixAddress.Bind(descriptor, bridge.Names.Accepted(key.Number, connection.Local, connection.Remote!.Value)) == 0 &&
            UnixAddress.Connect(descriptor, bridge.Names.Program(listener.Key)) == 0;
        if (isConnected)
        {
            StreamSocket accepted = new(bridge, key, connection) { Kept = listener.Kept.Copy() };
            bridge.Sockets.AddAttached(accepted);
            listener.NoteTaken(now);
            accepted.BeginAccepted(descriptor, now);
            return true;
        }
        var error = (Errno)Marshal.GetLastPInvokeError();
        _ = Libc.close(descriptor);
        if (error == Errno.EAGAIN)
            return false;
        connection.Abort(now);
        bridge.Reap(listener);
        return true;
    }

    private readonly record struct Waiting(TcpSocket Connection, TimeSpan Delay, Instant RetryAt);
}
