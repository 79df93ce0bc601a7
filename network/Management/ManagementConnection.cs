using System.Runtime.InteropServices;
using System.Text;
using Pyco.Host.Control;
using Pyco.Host.Loop;
using Pyco.Posix;
using Pyco.Stack;

namespace Pyco.Network.Management;

/// <summary>Somebody at the management socket: a terminal, or a program that gives one command.</summary>
internal sealed unsafe class ManagementConnection(EventLoop loop, int descriptor, ManagementServer server)
    : PendingConnection(loop, descriptor)
{
    /// <summary>Longer than any command. What is longer still is taken in pieces, as vde_switch does.</summary>
    private const int InputCapacity = 1024;

    /// <summary>More than the largest table of a thousand ports; somebody who leaves so much unread is not interested.</summary>
    private const int MostUnsent = 4 << 20;

    /// <summary>Beyond this, news is not told: it would only tell of a past further and further away.</summary>
    private const int MostUnsentNews = 64 * 1024;

    private readonly List<byte> _unsent = [];
    private bool _hasBegun;

    /// <summary>The kinds of news that it wants to hear.</summary>
    public HashSet<NewsCategory> Subscriptions { get; } = [];

    /// <summary>True for those who may change the network: its owner, and root.</summary>
    public bool MayChange => Peer.UserId == 0 || Peer.UserId == Libc.geteuid();

    public override void OnEvents(uint events, Instant now)
    {
        if (!_hasBegun)
        {
            _hasBegun = true;
            HasSpoken(); // a terminal may be silent for as long as its user thinks
            if (!server.TryBegin(this))
            {
                Close();
                return;
            }
        }
        if ((events & Constants.EpollOut) != 0)
            Flush();
        if ((events & ~Constants.EpollOut) != 0 && Descriptor >= 0)
            Receive();
    }

    /// <summary>Sends text.</summary>
    public void Send(string text)
    {
        if (Descriptor < 0)
            return;
        _unsent.AddRange(Encoding.UTF8.GetBytes(text));
        Flush();
        if (_unsent.Count > MostUnsent)
            Close();
    }

    /// <summary>Tells what has happened, unless it has not yet taken what was told before.</summary>
    public void Tell(string line)
    {
        if (_unsent.Count < MostUnsentNews)
            Send(line);
    }

    public override void Close()
    {
        if (Descriptor < 0)
            return;
        base.Close();
        server.End(this);
    }

    private void Receive()
    {
        byte* octets = stackalloc byte[InputCapacity];
        nint length = Libc.recv(Descriptor, octets, InputCapacity, Constants.MsgDontwait);
        if (length < 0 && (Errno)Marshal.GetLastPInvokeError() is Errno.EAGAIN or Errno.EINTR)
            return;
        if (length <= 0)
        {
            Close();
            return;
        }
        string text = Encoding.UTF8.GetString(octets, (int)length);
        // A write is a command, with or without the end of a line; we take several lines for several commands.
        foreach (string line in (text.EndsWith('\n') ? text[..^1] : text).Split('\n'))
        {
            if (Descriptor < 0)
                return;
            server.Do(this, line.TrimEnd('\r', '\0'));
        }
    }

    private void Flush()
    {
        Span<byte> octets = CollectionsMarshal.AsSpan(_unsent);
        int done = 0;
        while (done < octets.Length)
        {
            nint sent;
            fixed (byte* start = octets[done..])
                sent = Libc.send(Descriptor, start, (nuint)(octets.Length - done), Constants.MsgDontwait | Constants.MsgNosignal);
            if (sent >= 0)
            {
                done += (int)sent;
                continue;
            }
            var error = (Errno)Marshal.GetLastPInvokeError();
            if (error == Errno.EINTR)
                continue;
            if (error == Errno.EAGAIN)
                break;
            _unsent.Clear();
            Close();
            return;
        }
        _unsent.RemoveRange(0, done);
        // Who does not read answers gets no more of them.
        Loop.SetInterest(this, _unsent.Count == 0 ? Constants.EpollIn | Constants.EpollRdhup : Constants.EpollOut);
    }
}
