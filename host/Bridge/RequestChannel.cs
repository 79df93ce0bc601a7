using System.Runtime.InteropServices;
using System.Security.Cryptography;
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
    private const int MaxAttached = 4;
    private const int MsgControlTruncated = 8; // MSG_CTRUNC

    private readonly RequestChannels _channels;
    private readonly HostCredentials _credentials;
    private Request _request;
    private int _received;

    public RequestChannel(RequestChannels channels, HostCredentials credentials, int descriptor, Instant expiresAt)
    {
        _channels = channels;
        _credentials = credentials;
        Descriptor = descriptor;
        ExpiresAt = expiresAt;
    }

    /// <summary>When a connection that has said nothing is closed.</summary>
    public Instant ExpiresAt { get; }

    /// <summary>Where the channel stands among those that are open; null once it is closed.</summary>
    public LinkedListNode<RequestChannel>? Node { get; set; }

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
            if (length <= 0)
            {
                _channels.Close(this);
                return;
            }
            _received += (int)length;
        }
        if (IsAuthentic())
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

    public void CloseDescriptors()
    {
        if (Descriptor >= 0)
            _ = Libc.close(Descriptor);
        if (Attached >= 0)
            _ = Libc.close(Attached);
        Descriptor = Attached = -1;
    }

    /// <summary>Reads no more than the request, so that what follows it stays in the socket.</summary>
    private nint ReceiveMore()
    {
        const int ControlLength = 16 + (MaxAttached * sizeof(int));
        long* control = stackalloc long[(ControlLength + 7) / 8];
        fixed (Request* start = &_request)
        {
            IoVector vector = new() { Base = (byte*)start + _received, Length = (nuint)(sizeof(Request) - _received) };
            MessageHeader message = new()
            {
                Vectors = &vector,
                VectorCount = 1,
                Control = control,
                ControlLength = ControlLength,
            };
            nint length = Libc.recvmsg(Descriptor, &message, Constants.MsgDontwait | Constants.MsgCmsgCloexec);
            if (length < 0)
                return length;
            TakeAttached((byte*)control, message.ControlLength);
            HasLostAttached |= Attached < 0 && (message.Flags & MsgControlTruncated) != 0;
            return length;
        }
    }

    /// <summary>Keeps one descriptor and closes all others: whatever a peer attaches must not stay open.</summary>
    private void TakeAttached(byte* control, nuint controlLength)
    {
        const int HeaderLength = 16; // struct cmsghdr: size_t length, int level, int type
        if (controlLength < HeaderLength + sizeof(int) ||
            *(int*)(control + 8) != Constants.SolSocket || *(int*)(control + 12) != Constants.ScmRights)
            return;
        int count = (int)(*(nuint*)control - HeaderLength) / sizeof(int);
        for (int index = 0; index < count; index++)
        {
            int descriptor = ((int*)(control + HeaderLength))[index];
            if (Attached < 0)
                Attached = descriptor;
            else
                _ = Libc.close(descriptor);
        }
    }

    private bool IsAuthentic()
    {
        fixed (byte* secret = _request.Secret)
        {
            return _request.Magic == HostProtocol.Magic && _request.Version == HostProtocol.Version &&
                CryptographicOperations.FixedTimeEquals(
                    new ReadOnlySpan<byte>(secret, HostProtocol.SecretLength), _credentials.Secret);
        }
    }
}
