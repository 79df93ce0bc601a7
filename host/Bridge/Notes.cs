using System.Runtime.InteropServices;
using Pyco.Host.Loop;
using Pyco.Host.Protocol;
using Pyco.Posix;
using Pyco.Stack;

namespace Pyco.Host.Bridge;

/// <summary>
/// What programs tell without waiting for an answer, one datagram each. They may come from anybody: nothing is believed
/// without the secret. A note was sent before any request that its program sent later, so it is read before that.
/// </summary>
internal sealed unsafe class Notes : EventSource, IDisposable
{
    /// <summary>What is read at a time: more than net.unix.max_dgram_qlen lets wait on the usual systems.</summary>
    private const int MostAtOnce = 512;

    private readonly SocketBridge _bridge;
    private readonly RequestHandler _handler;

    /// <exception cref="SystemCallException">The name is taken, or the kernel is out of something.</exception>
    public Notes(SocketBridge bridge, RequestHandler handler)
    {
        _bridge = bridge;
        _handler = handler;
        Descriptor = Libc.socket(
            Constants.AfUnix, Constants.SockDgram | Constants.SockNonblock | Constants.SockCloexec, 0);
        if (Descriptor < 0 || UnixAddress.Bind(Descriptor, bridge.Names.Notes) < 0)
            throw SystemCallException.Last("bind");
        bridge.Loop.Add(this, Constants.EpollIn);
    }

    public override void OnEvents(uint events, Instant now) => HearAll(now);

    /// <summary>Does what the waiting notes say.</summary>
    public void HearAll(Instant now)
    {
        for (int left = MostAtOnce; left > 0; left--)
        {
            if (!TryHear(now))
                return;
        }
    }

    public void Dispose()
    {
        _bridge.Loop.Remove(this);
        _ = Libc.close(Descriptor);
    }

    private bool TryHear(Instant now)
    {
        Request note;
        int attached = -1;
        bool isLost = false;
        nint length = AttachingMessage.Receive(
            Descriptor, new Span<byte>(&note, sizeof(Request)), ref attached, ref isLost);
        if (length < 0)
            return (Errno)Marshal.GetLastPInvokeError() == Errno.EINTR;
        if (isLost)
            _bridge.Shortage.Note(now);
        if (length == sizeof(Request) && attached >= 0 && _bridge.Credentials.Accept(note))
        {
            _handler.HandleNote(attached, note, now);
            _bridge.Wake();
        }
        if (attached >= 0)
            _ = Libc.close(attached);
        return true;
    }
}
