using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text;
using Pyco.Posix;
using Pyco.Stack;

namespace Pyco.Host.Control;

/// <summary>The other side of a control socket: asks, and waits for the answer.</summary>
public abstract unsafe class ControlClient : IDisposable
{
    /// <summary>Longer than all that the other side waits for.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(15);

    private readonly string _who;
    private readonly List<byte> _received = [];
    private int _socket;

    /// <param name="who">Whom it asks, for people.</param>
    /// <param name="socket">A connected socket, which is closed with this.</param>
    private protected ControlClient(string who, int socket)
    {
        _who = who;
        _socket = socket;
    }

    /// <summary>Asks something, perhaps with descriptors, and reads the first line of the answer.</summary>
    /// <returns>The line.</returns>
    /// <exception cref="IOException">It is refused; the message is the other side's own.</exception>
    public string Ask(string verb, string lines = "", params ReadOnlySpan<int> descriptors)
    {
        Say(verb, lines, descriptors);
        return ReadAnswer();
    }

    /// <summary>Asks something and does not wait for an answer.</summary>
    internal void Say(string verb, string lines = "", params ReadOnlySpan<int> descriptors)
    {
        if (!TrySay(verb, lines, descriptors))
            throw new IOException($"cannot ask {_who}: {Marshal.GetLastPInvokeErrorMessage()}");
    }

    /// <summary>The same; false, with the errno, if the other side does not hear.</summary>
    internal bool TrySay(string verb, string lines = "", params ReadOnlySpan<int> descriptors)
    {
        byte[] octets = new ControlRequest(verb, lines).ToOctets();
        fixed (byte* start = octets)
        {
            nint sent = descriptors.IsEmpty
                ? Libc.send(_socket, start, (nuint)octets.Length, Constants.MsgNosignal)
                : DescriptorPassing.Send(_socket, start, (nuint)octets.Length, descriptors);
            return sent == octets.Length;
        }
    }

    /// <summary>Waits for a line of the answer.</summary>
    /// <exception cref="EndOfStreamException">The connection has ended.</exception>
    /// <exception cref="IOException">It says that what was asked for is refused.</exception>
    internal string ReadAnswer()
    {
        string line = ReadLine(Patience) ?? throw new IOException($"{_who} does not answer: is its process stopped?");
        return line.StartsWith(ControlRequest.Error, StringComparison.Ordinal)
            ? throw new IOException(line[ControlRequest.Error.Length..])
            : line;
    }

    /// <summary>The next line; null if it does not come in this time.</summary>
    /// <exception cref="EndOfStreamException">The connection has ended.</exception>
    internal string? ReadLine(TimeSpan patience)
    {
        long start = Stopwatch.GetTimestamp();
        int end;
        while ((end = _received.IndexOf((byte)'\n')) < 0)
        {
            if (Receive(patience - Stopwatch.GetElapsedTime(start)) is not { } length)
                return null;
            if (length <= 0)
                throw new EndOfStreamException($"{_who} ended before it answered");
        }
        string line = Encoding.UTF8.GetString(CollectionsMarshal.AsSpan(_received)[..end]);
        _received.RemoveRange(0, end + 1);
        return line;
    }

    /// <summary>The socket, to wait on unless <see cref="HasReceived"/>.</summary>
    internal int Descriptor => _socket;

    /// <summary>Whether more of an answer came with its first line: <see cref="Read"/> gives it at once, and the socket tells nothing of it.</summary>
    internal bool HasReceived => _received.Count > 0;

    /// <summary>Who listens, as the kernel says.</summary>
    internal PeerCredentials Peer => PendingConnection.ReadPeer(_socket);

    /// <summary>Reads of an answer that may have no end, and waits for as long as that takes.</summary>
    /// <returns>How many octets; 0 at its end.</returns>
    /// <exception cref="IOException">The connection is broken.</exception>
    internal int Read(Span<byte> destination)
    {
        if (_received.Count > 0)
        {
            int kept = Math.Min(_received.Count, destination.Length);
            CollectionsMarshal.AsSpan(_received)[..kept].CopyTo(destination);
            _received.RemoveRange(0, kept);
            return kept;
        }
        while (true)
        {
            nint length;
            fixed (byte* start = destination)
                length = Libc.recv(_socket, start, (nuint)destination.Length, 0);
            if (length >= 0)
                return (int)length;
            if ((Errno)Marshal.GetLastPInvokeError() != Errno.EINTR)
                throw new IOException($"cannot hear from {_who}: {Marshal.GetLastPInvokeErrorMessage()}");
        }
    }

    /// <summary>Asks an answer without end to come to one. May be called from any thread.</summary>
    internal void EndAsking() => _ = Libc.shutdown(_socket, Constants.ShutWr);

    /// <summary>The rest of the answer.</summary>
    public string ReadToEnd()
    {
        while ((Receive(Patience) ?? throw new IOException($"{_who} does not answer: is its process stopped?")) > 0)
        {
        }
        string text = Encoding.UTF8.GetString(CollectionsMarshal.AsSpan(_received));
        _received.Clear();
        return text;
    }

    public void Dispose()
    {
        if (_socket >= 0)
            _ = Libc.close(_socket);
        _socket = -1;
        GC.SuppressFinalize(this);
    }

    /// <summary>What recv(2) says, or null if nothing comes in this time.</summary>
    private nint? Receive(TimeSpan patience)
    {
        byte* octets = stackalloc byte[16 * 1024];
        long start = Stopwatch.GetTimestamp();
        while (true)
        {
            PollDescriptor readable = new() { Descriptor = _socket, Events = Constants.PollIn };
            int left = (int)(patience - Stopwatch.GetElapsedTime(start)).TotalMilliseconds;
            if (left <= 0 || Libc.poll(&readable, 1, left) == 0)
                return null;
            nint length = Libc.recv(_socket, octets, 16 * 1024, Constants.MsgDontwait);
            if (length < 0 && (Errno)Marshal.GetLastPInvokeError() is Errno.EAGAIN or Errno.EINTR)
                continue;
            if (length > 0)
                _received.AddRange(new ReadOnlySpan<byte>(octets, (int)length));
            return length;
        }
    }
}
