using System.Runtime.InteropServices;
using Pyco.Posix;
using Pyco.Stack;
using Pyco.Stack.Wire;

namespace Pyco.Vde;

/// <summary>
/// A connected datagram socket on which each datagram is a frame, with a queue for what the kernel does not take yet: one
/// end of a VDE cable.
/// </summary>
/// <param name="frames">Where received frames are rented.</param>
/// <param name="queueCapacity">Frames that wait at most; more are dropped.</param>
/// <param name="counters">Counts what passes and what is dropped.</param>
internal sealed unsafe class FrameSocket(FramePool frames, int queueCapacity, PlugCounters counters) : IDisposable
{
    private readonly FrameBatch _received = new(frames);
    private readonly Queue<Frame> _sendQueue = new();

    /// <summary>The socket, or -1.</summary>
    public int Descriptor { get; private set; } = -1;

    /// <summary>True while frames wait until the socket is writable.</summary>
    public bool WantsWrite => _sendQueue.Count > 0;

    /// <summary>Takes a connected socket, which is closed with this.</summary>
    public void Attach(int descriptor) => Descriptor = descriptor;

    /// <summary>Takes the frame: sends it, queues it, or drops it if the queue is full.</summary>
    /// <returns>False if the other end is gone.</returns>
    public bool Send(Frame frame)
    {
        bool isThere = true;
        if (!WantsWrite && TrySend(frame, out isThere))
        {
            frame.Dispose();
        }
        else if (_sendQueue.Count < queueCapacity)
        {
            _sendQueue.Enqueue(frame);
        }
        else
        {
            counters.DroppedQueueFull++;
            frame.Dispose();
        }
        return isThere;
    }

    /// <summary>Drops the frame that has waited for longest if the next one would find no room.</summary>
    public void MakeRoom()
    {
        if (_sendQueue.Count < queueCapacity)
            return;
        counters.DroppedQueueFull++;
        _sendQueue.Dequeue().Dispose();
    }

    /// <summary>Sends what has waited, as much as goes.</summary>
    /// <returns>False if the other end is gone.</returns>
    public bool Flush()
    {
        while (_sendQueue.TryPeek(out Frame? frame) && TrySend(frame, out bool isThere))
        {
            _ = _sendQueue.Dequeue();
            frame.Dispose();
            if (!isThere)
                return false;
        }
        return true;
    }

    /// <summary>Takes what has arrived; the caller owns it.</summary>
    /// <returns>How many; fewer than asked for means that no more wait.</returns>
    public int Receive(Span<Frame> taken) => Descriptor < 0 ? 0 : _received.Receive(Descriptor, taken, counters);

    /// <summary>Clears a pending socket error, or the event loop would be told of it for ever.</summary>
    public void TakeError()
    {
        int error;
        uint length = sizeof(int);
        _ = Libc.getsockopt(Descriptor, Constants.SolSocket, Constants.SoError, &error, &length);
    }

    /// <summary>Closes the socket and drops what waits.</summary>
    public void Close()
    {
        if (Descriptor >= 0)
            _ = Libc.close(Descriptor);
        Descriptor = -1;
        counters.DroppedAway += _sendQueue.Count;
        while (_sendQueue.TryDequeue(out Frame? frame))
            frame.Dispose();
    }

    public void Dispose()
    {
        Close();
        _received.Dispose();
    }

    /// <summary>True if the frame is done with, sent or not.</summary>
    private bool TrySend(Frame frame, out bool isThere)
    {
        isThere = true;
        Span<byte> octets = frame.Octets;
        fixed (byte* start = octets)
        {
            if (Libc.send(Descriptor, start, (nuint)octets.Length, Constants.MsgDontwait | Constants.MsgNosignal) >= 0)
            {
                counters.FramesSent++;
                return true;
            }
        }
        switch ((Errno)Marshal.GetLastPInvokeError())
        {
            case Errno.EAGAIN or Errno.EINTR:
                return false;
            case Errno.ENOBUFS or Errno.ENOMEM:
                counters.DroppedQueueFull++;
                return true;
            default: // ECONNREFUSED, ENOTCONN, EPIPE: the other end's socket is gone
                counters.DroppedAway++;
                isThere = false;
                return true;
        }
    }
}
