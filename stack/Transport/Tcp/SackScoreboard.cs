using System.Diagnostics;

namespace Pyco.Stack.Transport.Tcp;

/// <summary>Which rule of RFC 6675 §4's NextSeg () gave the next segment.</summary>
internal enum NextSegment
{
    None,

    /// <summary>Rule 1: a lost segment that was not sent again yet.</summary>
    Lost,

    /// <summary>Rule 2: data never sent.</summary>
    NewData,

    /// <summary>Rule 3: a hole that may not be lost, sent because nothing better is there.</summary>
    Hole,

    /// <summary>Rule 4: the end of the outstanding data, once in a recovery, to get an ACK for it.</summary>
    Rescue,
}

/// <summary>
/// What the peer has told by SACK about the octets between Snd.Una and Snd.Nxt (RFC 6675), kept as ranges rather than
/// as octets. It sends nothing: the sender asks it what is lost, how much is in flight, and what to send next.
/// </summary>
internal sealed class SackScoreboard
{
    /// <summary>RFC 6675 §2.</summary>
    public const int DupThresh = 3;

    /// <summary>Bounds memory and time against a peer that reports every second octet.</summary>
    public const int MaxRanges = 256;

    // In the order of the sequence space, apart from each other, all above HighAck.
    private SackBlock[] _ranges = [];
    private int _count;
    private SequenceNumber _highAck;
    private SequenceNumber _lostBelow;
    private SequenceNumber? _rescueRxt;

    /// <summary>Octets above Snd.Una that the peer has.</summary>
    public int SackedOctets { get; private set; }

    public bool IsEmpty => _count == 0;

    /// <summary>HighRxt: one past the highest octet sent again in this recovery.</summary>
    public SequenceNumber HighRxt { get; private set; }

    /// <summary>RecoveryPoint: an ACK that reaches it ends the recovery. Null outside.</summary>
    public SequenceNumber? RecoveryPoint { get; private set; }

    /// <summary>One past the highest octet that the peer has; HighAck when it reported none.</summary>
    public SequenceNumber HighSacked => _count == 0 ? _highAck : _ranges[_count - 1].End;

    /// <summary>Begins with nothing sent.</summary>
    public void Reset(SequenceNumber una)
    {
        _count = 0;
        SackedOctets = 0;
        _highAck = HighRxt = _lostBelow = una;
        _rescueRxt = null;
        RecoveryPoint = null;
    }

    /// <summary>Takes in an ACK and its SACK blocks; blocks outside (una, nxt] are not believed.</summary>
    /// <returns>Octets that this ACK reported by SACK for the first time; above zero it counts as a duplicate ACK.</returns>
    public int Update(SequenceNumber una, SequenceNumber nxt, ReadOnlySpan<SackBlock> blocks)
    {
        Acknowledge(una);
        int before = SackedOctets;
        foreach (SackBlock block in blocks)
        {
            // Both ends must lie between the two: a block that goes around the ring may begin after una and end before nxt.
            bool isBetween = block.Start - una >= 0 && block.Start - nxt < 0 && block.End - nxt <= 0;
            if (isBetween && block.Length > 0)
                Add(block);
        }
        return SackedOctets - before;
    }

    /// <summary>
    /// RFC 2883 §5: the block that reports a duplicate, if the first block is one: it lies below the ACK, or within the
    /// second block.
    /// </summary>
    public static bool TryGetDuplicate(SequenceNumber ack, ReadOnlySpan<SackBlock> blocks, out SackBlock duplicate)
    {
        duplicate = blocks.Length > 0 ? blocks[0] : default;
        if (duplicate.Length <= 0)
            return false;
        return duplicate.End - ack <= 0 ||
            (blocks.Length > 1 && duplicate.Start - blocks[1].Start >= 0 && duplicate.End - blocks[1].End <= 0);
    }

    /// <summary>IsLost (): more than DupThresh - 1 ranges, or that many full segments, have arrived above this octet.</summary>
    public bool IsLost(SequenceNumber seq, int smss)
    {
        if (_lostBelow - seq > 0)
            return true;
        int ranges = 0, octets = 0;
        for (int index = _count - 1; index >= 0 && _ranges[index].Start - seq > 0; index--)
        {
            ranges++;
            octets += _ranges[index].Length;
            if (AreEnough(ranges, octets, smss))
                return true;
        }
        return false;
    }

    /// <summary>SetPipe (): octets believed to be on their way, counted over all that is sent and not known to have arrived.</summary>
    public int SetPipe(SequenceNumber nxt, int smss)
    {
        int pipe = 0, ranges = 0, octets = 0;
        SequenceNumber end = nxt;
        for (int index = _count - 1; index >= -1; index--)
        {
            SequenceNumber start = index >= 0 ? _ranges[index].End : _highAck;
            pipe += PipeOf(start, end, AreEnough(ranges, octets, smss));
            if (index < 0)
                break;
            ranges++;
            octets += _ranges[index].Length;
            end = _ranges[index].Start;
        }
        return pipe;
    }

    /// <summary>Enters recovery (RFC 6675 §5, step 4): all sent so far must be acknowledged before it ends.</summary>
    public void BeginRecovery(SequenceNumber nxt)
    {
        RecoveryPoint = nxt;
        HighRxt = _highAck;
        _rescueRxt = null;
    }

    /// <summary>
    /// The timer fired: all that is outstanding and not reported as arrived counts as lost, and is to be sent again from
    /// the start. A peer that had reported the first octet has thrown it away (RFC 2018 §8): all its reports are void.
    /// </summary>
    public void OnTimeout(SequenceNumber nxt)
    {
        if (_count > 0 && _ranges[0].Start == _highAck)
        {
            _count = 0;
            SackedOctets = 0;
        }
        BeginRecovery(nxt);
        _lostBelow = nxt;
    }

    public void EndRecovery()
    {
        RecoveryPoint = null;
        _rescueRxt = null;
        _lostBelow = _highAck;
    }

    /// <summary>
    /// The time-out or the loss proved spurious: nothing counts as lost but by the peer's reports.
    /// </summary>
    public void Undo() => EndRecovery();

    /// <summary>Notes that octets were sent again.</summary>
    public void OnRetransmitted(SackBlock range, NextSegment rule)
    {
        if (rule == NextSegment.Rescue)
        {
            // RFC 6675 §4 (4): RescueRxt goes to RecoveryPoint and HighRxt stays.
            _rescueRxt = RecoveryPoint;
            return;
        }
        HighRxt = SequenceNumber.Later(HighRxt, range.End);
    }

    /// <summary>NextSeg (): what to send next in recovery, at most one segment of <paramref name="smss"/> octets.</summary>
    /// <param name="nxt">Snd.Nxt: HighData + 1.</param>
    /// <param name="smss">Sender's maximum segment size in octets.</param>
    /// <param name="canSendNew">There is data never sent, and the peer's window has room for it.</param>
    /// <param name="range">What to send again, for every rule but <see cref="NextSegment.NewData"/>.</param>
    public NextSegment NextSeg(SequenceNumber nxt, int smss, bool canSendNew, out SackBlock range)
    {
        SequenceNumber from = SequenceNumber.Later(HighRxt, _highAck);
        bool hasHole = TryFindHole(from, nxt, smss, out range);
        bool isLost = hasHole && IsLost(range.Start, smss);
        if (isLost)
            return NextSegment.Lost;
        if (canSendNew)
            return NextSegment.NewData;
        // (3) wants a hole below something that arrived; above that nothing is known to be missing.
        if (hasHole && HighSacked - range.Start > 0)
            return NextSegment.Hole;
        return TryFindRescue(nxt, smss, out range) ? NextSegment.Rescue : NextSegment.None;
    }

    private static bool AreEnough(int ranges, int octets, int smss) =>
        ranges >= DupThresh || octets > (DupThresh - 1) * smss;

    /// <summary>(a) and (b) of SetPipe () for one stretch that has not arrived.</summary>
    private int PipeOf(SequenceNumber start, SequenceNumber end, bool isLost)
    {
        int all = Math.Max(0, end - start);
        int timedOut = Math.Clamp(_lostBelow - start, 0, all);
        int notLost = isLost ? 0 : all - timedOut;
        int sentAgain = RecoveryPoint is null ? 0 : Math.Clamp(HighRxt - start, 0, all);
        return notLost + sentAgain;
    }

    private bool TryFindHole(SequenceNumber from, SequenceNumber nxt, int smss, out SackBlock hole)
    {
        SequenceNumber start = from;
        SequenceNumber end = nxt;
        for (int index = 0; index < _count; index++)
        {
            SackBlock range = _ranges[index];
            if (range.Start - start > 0)
            {
                end = range.Start;
                break;
            }
            start = SequenceNumber.Later(start, range.End);
        }
        int length = Math.Min(end - start, smss);
        hole = new(start, start + Math.Max(length, 0));
        return length > 0;
    }

    private bool TryFindRescue(SequenceNumber nxt, int smss, out SackBlock range)
    {
        range = default;
        bool isAllowed = RecoveryPoint is not null && (_rescueRxt is not { } last || _highAck - last > 0);
        if (!isAllowed || HighSacked == nxt || nxt == _highAck)
            return false;
        // The last outstanding octets must have been sent only once since the recovery began, or there is no need.
        if (HighRxt - nxt >= 0)
            return false;
        SequenceNumber start = SequenceNumber.Later(SequenceNumber.Later(nxt - smss, HighSacked), _highAck);
        range = new(start, nxt);
        return true;
    }

    private void Acknowledge(SequenceNumber una)
    {
        if (una - _highAck <= 0)
            return;
        _highAck = una;
        HighRxt = SequenceNumber.Later(HighRxt, una);
        _lostBelow = SequenceNumber.Later(_lostBelow, una);
        int passed = 0;
        while (passed < _count && _ranges[passed].End - una <= 0)
            SackedOctets -= _ranges[passed++].Length;
        Remove(0, passed);
        if (_count > 0 && _ranges[0].Start - una < 0)
        {
            SackedOctets -= una - _ranges[0].Start;
            _ranges[0] = _ranges[0] with { Start = una };
        }
    }

    private void Add(SackBlock block)
    {
        int first = 0; // the first range that ends at or after the start
        while (first < _count && _ranges[first].End - block.Start < 0)
            first++;
        int next = first; // the first range that begins after the end
        int known = 0;
        for (; next < _count && _ranges[next].Start - block.End <= 0; next++)
            known += _ranges[next].Length;
        if (next == first)
        {
            Insert(first, block);
            return;
        }
        SackBlock merged = new(
            SequenceNumber.Earlier(block.Start, _ranges[first].Start),
            SequenceNumber.Later(block.End, _ranges[next - 1].End));
        _ranges[first] = merged;
        SackedOctets += merged.Length - known;
        Remove(first + 1, next - first - 1);
    }

    private void Insert(int index, SackBlock block)
    {
        if (_count == MaxRanges)
            return; // not remembered: at worst it is sent again
        if (_count == _ranges.Length)
            Array.Resize(ref _ranges, Math.Max(8, 2 * _count));
        Array.Copy(_ranges, index, _ranges, index + 1, _count - index);
        _ranges[index] = block;
        _count++;
        SackedOctets += block.Length;
    }

    private void Remove(int index, int count)
    {
        Debug.Assert(index + count <= _count || count <= 0);
        if (count <= 0)
            return;
        Array.Copy(_ranges, index + count, _ranges, index, _count - index - count);
        _count -= count;
    }
}
