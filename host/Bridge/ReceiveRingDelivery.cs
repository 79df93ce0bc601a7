using System.Runtime.InteropServices;
using Pyco.Host.Protocol;
using Pyco.Stack;

namespace Pyco.Host.Bridge;

/// <summary>
/// When the program has to be rung for what is in its ring, and when to look at the ring again. While there is something in
/// it, a doorbell is in the kernel socket's queue, so that poll(2) and its kin tell the truth.
/// </summary>
internal sealed unsafe class ReceiveRingDelivery(ReceiveRingWriter ring)
{
    /// <summary>
    /// A program that has not read for so long may have been killed between two steps, and the doorbell with it. Or the one
    /// whom it woke does something else, and another one sleeps, whom the kernel would wake for the next datagram.
    /// </summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(20);

    /// <summary>The program says when there is room again; but it may be killed before it does.</summary>
    private static readonly TimeSpan FirstRetry = TimeSpan.FromMilliseconds(1);

    /// <summary>Seldom enough not to be felt when a program has stopped reading.</summary>
    private static readonly TimeSpan LongestRetry = TimeSpan.FromMilliseconds(128);

    private bool _hasNew;
    private nuint _lastHead;
    private Instant? _doubtAt;
    private Instant? _retryAt;
    private TimeSpan _retryDelay;

    public ReceiveRingWriter Ring { get; } = ring;

    /// <summary>The program has it mapped: all that comes goes into it.</summary>
    public bool IsStarted { get; set; }

    /// <summary>A doorbell has to be sent.</summary>
    public bool MustRing { get; set; }

    /// <summary>When <see cref="IsRoomDue"/> or <see cref="IsBellDoubtful"/> may become true.</summary>
    public Instant? LookAt => Instant.Earlier(_doubtAt, _retryAt);

    /// <summary>Writes a record, which is shown with those after it; false if there is no room.</summary>
    public bool TryWrite(in DatagramHeader header, ReadOnlySpan<byte> payload)
    {
        if (!Ring.TryWrite(header, payload))
            return false;
        if (!_hasNew)
            MustRing |= Ring.TakeBell();
        _hasNew = true;
        return true;
    }

    /// <summary>Shows what was written. If a program has meanwhile taken the doorbell away, another one is due.</summary>
    public void Show(Instant now)
    {
        if (!_hasNew)
            return;
        _hasNew = false;
        Ring.Show();
        MustRing |= Ring.TakeBell();
        if (_doubtAt is not null)
            return;
        _doubtAt = now + Patience;
        _lastHead = Ring.Head;
    }

    /// <summary>A program has found something in the ring and no doorbell, and has left it to us to ring.</summary>
    public void OnRingMe() => MustRing = true;

    /// <summary>One message wakes one reader; while the ring is not empty no other would come.</summary>
    public void RingAgain()
    {
        if (Ring.IsEmpty)
            return;
        Ring.NoteSpareBell();
        MustRing = true;
    }

    /// <summary>Whether to ring now. What has been read meanwhile needs no doorbell, which would tell poll(2) a lie.</summary>
    public bool IsBellDue()
    {
        if (MustRing && Ring.IsEmpty)
        {
            MustRing = false;
            Ring.ReturnBell();
        }
        return MustRing;
    }

    public DatagramHeader NewBell(DatagramHeader header)
    {
        header.Error = ReceiveSignal.Bell;
        nuint tail = Ring.Tail;
        MemoryMarshal.Write(new Span<byte>(header.LocalOctets, sizeof(nuint)), tail);
        return header;
    }

    /// <summary>Something had no room, or all had.</summary>
    public void NoteRoom(bool isFull, Instant now)
    {
        if (!isFull)
        {
            _retryAt = null;
            return;
        }
        Ring.AskForRoom();
        if (now < _retryAt)
            return;
        _retryDelay = _retryAt is null ? FirstRetry : _retryDelay * 2 < LongestRetry ? _retryDelay * 2 : LongestRetry;
        _retryAt = now + _retryDelay;
    }

    public bool IsRoomDue(Instant now) => now >= _retryAt;

    /// <summary>There is something in the ring that nobody has read for a while.</summary>
    public bool IsBellDoubtful(Instant now)
    {
        if (!(now >= _doubtAt))
            return false;
        nuint head = Ring.Head;
        bool isDoubtful = !Ring.IsEmpty && head == _lastHead;
        // A doorbell that is still there waits for a program that is busy otherwise.
        _doubtAt = Ring.IsEmpty || isDoubtful ? null : now + Patience;
        _lastHead = head;
        return isDoubtful;
    }
}
