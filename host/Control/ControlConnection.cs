using System.Runtime.InteropServices;
using System.Text;
using Pyco.Host.Loop;
using Pyco.Posix;
using Pyco.Stack;

namespace Pyco.Host.Control;

/// <summary>A connection to the control socket of a network or a stack host: one request, one answer, which may be a stream without end.</summary>
internal sealed unsafe class ControlConnection(EventLoop loop, int descriptor, Action<ControlConnection, ControlRequest, Instant> onRequest)
    : PendingConnection(loop, descriptor)
{
    private readonly List<byte> _request = [];
    private readonly List<int> _attached = [];
    private readonly Queue<ReadOnlyMemory<byte>> _answer = new();
    private int _sentOfFirst;
    private bool _hasAsked;
    private bool _endsWhenSent;
    private bool _isHalfClosed;

    /// <summary>Called once when the connection ends before its answer did, or with it.</summary>
    public Action? Closed { get; set; }

    /// <summary>Called when the other side will say no more, but goes on to listen; without it that is the end.</summary>
    public Action? HalfClosed { get; set; }

    /// <summary>Called when a part of the answer is with the kernel, so that its octets may be used again.</summary>
    public Action<ReadOnlyMemory<byte>>? PartSent { get; set; }

    /// <summary>Octets of the answer that the other side has not taken yet.</summary>
    public int Unsent { get; private set; }

    /// <summary>Whether it has been closed, from either side.</summary>
    public bool IsGone => Descriptor < 0;

    /// <summary>The first descriptor that came with the request, which is the caller's from now on; -1 if there is none.</summary>
    public int TakeAttached()
    {
        if (_attached.Count == 0)
            return -1;
        int first = _attached[0];
        _attached.RemoveAt(0);
        return first;
    }

    public override void OnEvents(uint events, Instant now)
    {
        if (!_hasAsked)
            Receive(now);
        else if ((events & ~Constants.EpollOut) != 0 && IsSilent())
            OnSilence((events & (Constants.EpollHup | Constants.EpollErr)) != 0);
        else if ((events & Constants.EpollOut) != 0)
            Flush();
    }

    /// <summary>Sends a part of the answer.</summary>
    public void Send(ReadOnlyMemory<byte> octets)
    {
        if (Descriptor < 0)
            return;
        _answer.Enqueue(octets);
        Unsent += octets.Length;
        Flush();
    }

    public void Send(string text) => Send(Encoding.UTF8.GetBytes(text));

    /// <summary>Ends the answer: the connection closes when all of it is sent.</summary>
    public void End()
    {
        _endsWhenSent = true;
        Flush();
    }

    /// <summary>Answers with a line and ends.</summary>
    public void Answer(string text)
    {
        Send(text + "\n");
        End();
    }

    public void Refuse(string reason) => Answer(ControlRequest.Error + reason.ReplaceLineEndings(" "));

    public override void Close()
    {
        if (Descriptor < 0)
            return;
        base.Close();
        foreach (int attached in _attached)
            _ = Libc.close(attached);
        _attached.Clear();
        _answer.Clear();
        Closed?.Invoke();
    }

    private void Receive(Instant now)
    {
        byte* octets = stackalloc byte[4096];
        while (true)
        {
            nint length = DescriptorPassing.Receive(Descriptor, octets, 4096, _attached);
            if (length < 0 && (Errno)Marshal.GetLastPInvokeError() is Errno.EAGAIN or Errno.EINTR)
                return;
            if (length <= 0 || _request.Count + length > ControlRequest.Capacity)
            {
                Close();
                return;
            }
            _request.AddRange(new ReadOnlySpan<byte>(octets, (int)length));
            if (ControlRequest.IsWhole(CollectionsMarshal.AsSpan(_request)))
                break;
        }
        _hasAsked = true;
        HasSpoken();
        ControlRequest request = ControlRequest.Read(CollectionsMarshal.AsSpan(_request));
        _request.Clear();
        onRequest(this, request, now);
    }

    private void OnSilence(bool isGone)
    {
        if (isGone || _isHalfClosed || HalfClosed is not { } listener)
        {
            Close();
            return;
        }
        _isHalfClosed = true;
        listener();
        Watch();
    }

    /// <summary>Nothing more is expected from the other side but its end.</summary>
    private bool IsSilent()
    {
        byte* ignored = stackalloc byte[512];
        nint length = Libc.recv(Descriptor, ignored, 512, Constants.MsgDontwait);
        return length == 0 || (length < 0 && (Errno)Marshal.GetLastPInvokeError() is not (Errno.EAGAIN or Errno.EINTR));
    }

    private void Flush()
    {
        while (Descriptor >= 0 && _answer.TryPeek(out ReadOnlyMemory<byte> part))
        {
            ReadOnlySpan<byte> rest = part.Span[_sentOfFirst..];
            nint sent;
            fixed (byte* start = rest)
                sent = Libc.send(Descriptor, start, (nuint)rest.Length, Constants.MsgDontwait | Constants.MsgNosignal);
            if (sent < 0)
            {
                var error = (Errno)Marshal.GetLastPInvokeError();
                if (error == Errno.EINTR)
                    continue;
                if (error == Errno.EAGAIN)
                    break;
                Close();
                return;
            }
            Unsent -= (int)sent;
            _sentOfFirst += (int)sent;
            if (_sentOfFirst < part.Length)
                continue;
            _sentOfFirst = 0;
            _ = _answer.Dequeue();
            PartSent?.Invoke(part);
        }
        if (_answer.Count == 0 && _endsWhenSent)
            Close();
        else
            Watch();
    }

    private void Watch()
    {
        if (Descriptor < 0)
            return;
        uint hearing = _isHalfClosed ? 0 : Constants.EpollIn | Constants.EpollRdhup;
        Loop.SetInterest(this, hearing | (_answer.Count > 0 ? Constants.EpollOut : 0));
    }
}
