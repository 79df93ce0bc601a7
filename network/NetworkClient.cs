using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text;
using Pyco.Network.Control;
using Pyco.Posix;
using Pyco.Stack;

namespace Pyco.Network;

/// <summary>The other side of a network's control socket: asks, and waits for the answer.</summary>
public sealed unsafe class NetworkClient : IDisposable
{
    private const int PatienceMilliseconds = 15_000;

    private readonly string _path;
    private readonly List<byte> _received = [];
    private int _socket;

    private NetworkClient(string path, int socket)
    {
        _path = path;
        _socket = socket;
    }

    /// <summary>Connects to the network of a control directory.</summary>
    /// <returns>Null if no network of ours runs there.</returns>
    /// <exception cref="IOException">One does, but does not let this user in.</exception>
    public static NetworkClient? TryConnect(string path)
    {
        if (!UnixAddress.TryFromPath(NetworkFolder.ControlSocketOf(path), out UnixAddress address))
            return null;
        int socket = Libc.socket(Constants.AfUnix, Constants.SockStream | Constants.SockCloexec, 0);
        if (socket < 0)
            throw new IOException($"cannot make a socket: {Marshal.GetLastPInvokeErrorMessage()}");
        int result;
        do
            result = UnixAddress.Connect(socket, address);
        while (result != 0 && (Errno)Marshal.GetLastPInvokeError() == Errno.EINTR);
        if (result == 0)
            return new NetworkClient(path, socket);
        var error = (Errno)Marshal.GetLastPInvokeError();
        _ = Libc.close(socket);
        return error is Errno.EACCES or Errno.EPERM
            ? throw new IOException(
                $"no permission to use the network at {path}: ask its owner to start it with a wider mode " +
                "(pyco-net start --mode, vde_switch -m), or join its group")
            : null;
    }

    /// <summary>Whether a network of ours runs there, or was killed there.</summary>
    public static bool Exists(string path) => File.Exists(NetworkFolder.ControlSocketOf(path));

    /// <summary>Asks something, perhaps with a descriptor, and reads the first line of the answer.</summary>
    /// <returns>The line.</returns>
    /// <exception cref="IOException">The network refuses; the message is its own.</exception>
    public string Ask(string verb, string lines = "", int descriptor = -1)
    {
        Say(verb, lines, descriptor);
        string line = ReadLine();
        return line.StartsWith(ControlRequest.Error, StringComparison.Ordinal)
            ? throw new IOException(line[ControlRequest.Error.Length..])
            : line;
    }

    /// <summary>Asks something and does not wait for an answer.</summary>
    internal void Say(string verb, string lines = "", int descriptor = -1)
    {
        byte[] octets = new ControlRequest(verb, lines).ToOctets();
        fixed (byte* start = octets)
        {
            nint sent = descriptor < 0
                ? Libc.send(_socket, start, (nuint)octets.Length, Constants.MsgNosignal)
                : DescriptorPassing.Send(_socket, start, (nuint)octets.Length, descriptor);
            if (sent != octets.Length)
                throw new IOException($"cannot ask the network at {_path}: {Marshal.GetLastPInvokeErrorMessage()}");
        }
    }

    /// <summary>The socket, to wait on unless <see cref="HasReceived"/>.</summary>
    internal int Descriptor => _socket;

    /// <summary>Whether more of an answer came with its first line: <see cref="Read"/> gives it at once, and the socket tells nothing of it.</summary>
    internal bool HasReceived => _received.Count > 0;

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
                throw new IOException($"cannot hear from the network at {_path}: {Marshal.GetLastPInvokeErrorMessage()}");
        }
    }

    /// <summary>Asks an answer without end to come to one. May be called from any thread.</summary>
    internal void EndAsking() => _ = Libc.shutdown(_socket, Constants.ShutWr);

    /// <summary>Asks the network to end, and waits until it has.</summary>
    public void Stop()
    {
        byte[] octets = new ControlRequest("stop", "").ToOctets();
        fixed (byte* start = octets)
            _ = Libc.send(_socket, start, (nuint)octets.Length, Constants.MsgNosignal);
        string answer = ReadToEnd();
        if (answer.StartsWith(ControlRequest.Error, StringComparison.Ordinal))
            throw new IOException(answer[ControlRequest.Error.Length..].TrimEnd('\n'));
    }

    /// <summary>The rest of the answer.</summary>
    public string ReadToEnd()
    {
        while (Receive() > 0)
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
    }

    private string ReadLine()
    {
        int end;
        while ((end = _received.IndexOf((byte)'\n')) < 0)
        {
            if (Receive() <= 0)
                throw new IOException($"the network at {_path} ended before it answered");
        }
        string line = Encoding.UTF8.GetString(CollectionsMarshal.AsSpan(_received)[..end]);
        _received.RemoveRange(0, end + 1);
        return line;
    }

    private nint Receive()
    {
        byte* octets = stackalloc byte[16 * 1024];
        long start = Stopwatch.GetTimestamp();
        while (true)
        {
            PollDescriptor readable = new() { Descriptor = _socket, Events = Constants.PollIn };
            int left = PatienceMilliseconds - (int)Stopwatch.GetElapsedTime(start).TotalMilliseconds;
            if (left <= 0 || Libc.poll(&readable, 1, left) == 0)
                throw new IOException($"the network at {_path} does not answer: is its process stopped?");
            nint length = Libc.recv(_socket, octets, 16 * 1024, Constants.MsgDontwait);
            if (length < 0 && (Errno)Marshal.GetLastPInvokeError() is Errno.EAGAIN or Errno.EINTR)
                continue;
            if (length > 0)
                _received.AddRange(new ReadOnlySpan<byte>(octets, (int)length));
            return length;
        }
    }
}
