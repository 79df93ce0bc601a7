using System.Runtime.InteropServices;
using Pyco.Host.Loop;
using Pyco.Host.Protocol;
using Pyco.Posix;
using Pyco.Stack;

namespace Pyco.Host.Bridge;

/// <summary>
/// A connection to the host's request socket until it has said what it wants. It may be anybody's: nothing is believed
/// before the secret has come, and nothing is kept for it but this object.
/// </summary>
internal sealed unsafe class RequestChannel : EventSource
{
    /// <summary>An honest program sets two options in the microseconds before its request; who goes on for ever stops all others.</summary>
    private const int MostEarlyNotes = 1000;

    private readonly RequestChannels _channels;
    private readonly HostCredentials _credentials;
    private Request _request;
    private int _received;
    private int _earlyNotes;
    private RequestFlags _earlyOptions;
    private RequestFlags _earlyOn;

    public RequestChannel(
        RequestChannels channels, HostCredentials credentials, int descriptor, int kernelType, Instant expiresAt)
    {
        _channels = channels;
        _credentials = credentials;
        Descriptor = descriptor;
        KernelType = kernelType;
        ExpiresAt = expiresAt;
    }

    /// <summary>When a connection that has said nothing is closed.</summary>
    public Instant ExpiresAt { get; }

    /// <summary>SOCK_STREAM or SOCK_SEQPACKET, as the listening socket's is that it came by.</summary>
    public int KernelType { get; }

    /// <summary>Where the channel stands among those that have to be waited for; null for others.</summary>
    public LinkedListNode<RequestChannel>? Node { get; set; }

    public bool IsClosed { get; set; }

    /// <summary>The descriptor that came with the request, or -1.</summary>
    public int Attached { get; private set; } = -1;

    /// <summary>One came that the kernel had no number left for in this process.</summary>
    public bool HasLostAttached { get; private set; }

    public override void OnEvents(uint events, Instant now)
    {
        while (_received < sizeof(Request))
        {
            nint length = ReceiveMore();
            if (length < 0 && (Errno)Marshal.GetLastPInvokeError() is Errno.EAGAIN or Errno.EINTR)
                return;
            if (length <= 0 || _earlyNotes > MostEarlyNotes)
            {
                _channels.Close(this);
                return;
            }
            _received += (int)length;
            TakeEarlyNote();
        }
        _request.Flags = (_request.Flags & ~_earlyOptions) | _earlyOn;
        if (_credentials.Accept(_request))
            _channels.OnRequest(this, _request, now);
        else
            _channels.Close(this);
    }

    /// <summary>The descriptor goes on as something else's: this object forgets it.</summary>
    public int TakeDescriptor()
    {
        int descriptor = Descriptor;
        Descriptor = -1;
        return descriptor;
    }

    public void Reply(in Reply reply)
    {
        fixed (Reply* octets = &reply)
            _ = Libc.send(Descriptor, octets, (nuint)sizeof(Reply), Constants.MsgDontwait | Constants.MsgNosignal);
    }

    /// <summary>Replies with a descriptor, which stays the caller's.</summary>
    public void Reply(in Reply reply, int descriptor)
    {
        fixed (Reply* octets = &reply)
            _ = DescriptorPassing.Send(Descriptor, (byte*)octets, (nuint)sizeof(Reply), descriptor, Constants.MsgDontwait);
    }

    public void CloseDescriptors()
    {
        if (Descriptor >= 0)
            _ = Libc.close(Descriptor);
        if (Attached >= 0)
            _ = Libc.close(Attached);
        Descriptor = Attached = -1;
    }

    /// <summary>
    /// While one thread of a program connects, another may set an option: its note then comes between the connection and the
    /// request, whose flags may be older.
    /// </summary>
    private void TakeEarlyNote()
    {
        Span<byte> octets = MemoryMarshal.AsBytes(new Span<Request>(ref _request));
        if (_received != sizeof(StreamNote) || MemoryMarshal.Read<ulong>(octets) != _credentials.Mark)
            return;
        _earlyNotes++;
        StreamNote note = MemoryMarshal.Read<StreamNote>(octets);
        RequestFlags option = note.Option switch
        {
            StreamOption.NoDelay => RequestFlags.NoDelay,
            StreamOption.KeepAlive => RequestFlags.KeepAlive,
            _ => RequestFlags.None,
        };
        _earlyOptions |= option;
        _earlyOn = note.Value != 0 ? _earlyOn | option : _earlyOn & ~option;
        _received = 0;
        if (Attached >= 0)
            _ = Libc.close(Attached);
        (Attached, HasLostAttached) = (-1, false);
    }

    /// <summary>Reads no more than the request, so that what follows it stays in the socket.</summary>
    private nint ReceiveMore()
    {
        int attached = Attached;
        bool isLost = HasLostAttached;
        Span<byte> rest = MemoryMarshal.AsBytes(new Span<Request>(ref _request))[_received..];
        nint length = AttachingMessage.Receive(Descriptor, rest, ref attached, ref isLost);
        (Attached, HasLostAttached) = (attached, isLost);
        return length;
    }
}
