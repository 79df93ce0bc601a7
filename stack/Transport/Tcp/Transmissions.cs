using System.Diagnostics;

namespace Pyco.Stack.Transport.Tcp;

/// <summary>
/// All that lies between Snd.Una and Snd.Nxt, as runs: when each was sent, and whether it has arrived, is lost, or is on
/// its way (RFC 8985 §5.2's variables; for the reports of RFC 2018 the scoreboard of RFC 6675). It decides nothing:
/// <see cref="Rack"/> says what is lost, <see cref="LossRecovery"/> what goes out again.
/// </summary>
internal sealed class Transmissions
{
    /// <summary>Bounds memory and time against a peer that reports every second octet: further ranges are not remembered.</summary>
    public const int MaxArrivedRuns = 256;

    /// <summary>From here on new data joins the last run although it is sent later.</summary>
    private const int MaxRuns = 4096;

    /// <summary>An array that a long flight made larger than this is let go when all has arrived.</summary>
    private const int MaxIdleRuns = 1024;

    // Side by side in the order of the sequence space, from _first on.
    private Transmission[] _runs = [];
    private int _first;
    private int _count;
    private int _arrivedRuns;

    // Of all that has not arrived; without them the runs are in the order of their moments.
    private int _sentAgainOctets;

    /// <summary>Octets believed to be on their way.</summary>
    public int InFlightOctets { get; private set; }

    /// <summary>Frames that these octets travel in.</summary>
    public int InFlightSegments { get; private set; }

    /// <summary>Octets that are lost and were not sent again since.</summary>
    public int LostOctets { get; private set; }

    /// <summary>Octets that the peer has reported by SACK.</summary>
    public int ArrivedOctets { get; private set; }

    /// <summary>RACK.segs_sacked.</summary>
    public int ArrivedSegments { get; private set; }

    private Span<Transmission> Runs => _runs.AsSpan(_first, _count);

    public void Clear()
    {
        _first = _count = 0;
        InFlightOctets = InFlightSegments = LostOctets = ArrivedOctets = ArrivedSegments = _sentAgainOctets = _arrivedRuns = 0;
    }

    /// <summary>Octets follow that are sent for the first time.</summary>
    /// <param name="start">Snd.Nxt before they were sent.</param>
    /// <param name="end">And after.</param>
    /// <param name="segments">Frames that carry them on a wire.</param>
    /// <param name="now">The moment.</param>
    public void Add(SequenceNumber start, SequenceNumber end, int segments, Instant now)
    {
        Debug.Assert(end - start > 0);
        Debug.Assert(_count == 0 || Runs[^1].End == start);
        Transmission run = new() { Start = start, End = end, SentAt = now, Segments = segments };
        Count(run, 1);
        if (_count > 0)
        {
            ref Transmission last = ref Runs[^1];
            bool isLike = last.State == TransmissionState.InFlight && !last.WasSentAgain;
            if (isLike && (last.SentAt == now || _count >= MaxRuns))
            {
                last.End = end;
                last.SentAt = now;
                last.Segments += segments;
                return;
            }
        }
        Insert(_count, run);
    }

    /// <summary>Everything before <paramref name="una"/> has arrived.</summary>
    /// <returns>Octets of it that were not known to have.</returns>
    public int Acknowledge(SequenceNumber una, Rack rack)
    {
        int delivered = 0;
        while (_count > 0 && una - _runs[_first].Start > 0)
        {
            if (una - _runs[_first].End < 0)
                SplitAt(una);
            ref Transmission run = ref _runs[_first];
            if (run.State != TransmissionState.Arrived)
            {
                delivered += run.Length;
                rack.OnDelivered(run);
            }
            Count(run, -1);
            _first++;
            _count--;
        }
        if (_count > 0)
            return delivered;
        _first = 0;
        if (_runs.Length > MaxIdleRuns)
            _runs = [];
        return delivered;
    }

    /// <summary>The peer reports a range by SACK. What does not lie between Snd.Una and Snd.Nxt is not believed.</summary>
    /// <returns>Octets of it that were not known to have arrived.</returns>
    public int Sack(SackBlock block, Rack rack)
    {
        if (_count == 0 || block.Length <= 0 || block.Start - Runs[0].Start < 0 || block.Start - Runs[^1].End >= 0 ||
            block.End - Runs[^1].End > 0)
            return 0;
        int at = IndexOf(block.Start);
        if (Runs[at].State == TransmissionState.Arrived)
        {
            if (block.End - Runs[at].End <= 0)
                return 0;
            block = block with { Start = Runs[at].End };
        }
        else if (_arrivedRuns >= MaxArrivedRuns && Runs[IndexOf(block.End - 1)].State != TransmissionState.Arrived)
        {
            return 0; // at worst it is sent again
        }
        int delivered = 0;
        int index = SplitAt(block.Start);
        for (int end = SplitAt(block.End); index < end; index++)
        {
            ref Transmission run = ref Runs[index];
            if (run.State == TransmissionState.Arrived)
                continue;
            delivered += run.Length;
            rack.OnDelivered(run);
            SetState(ref run, TransmissionState.Arrived);
        }
        JoinArrived(IndexOf(block.End - 1));
        return delivered;
    }

    /// <summary>RFC 8985 §6.2, step 5: what RACK's rule takes for lost is marked so.</summary>
    /// <returns>How long until the rule may find more, or zero.</returns>
    public TimeSpan DetectLoss(Rack rack, TimeSpan reorderingWindow, Instant now)
    {
        TimeSpan wait = TimeSpan.Zero;
        if (_count == 0 || (ArrivedOctets == 0 && _sentAgainOctets == 0 && !rack.WasSentBeforeDelivered(Runs[0])))
            return wait; // all comes in order: nothing is older than what was acknowledged
        foreach (ref Transmission run in Runs)
        {
            if (run.State != TransmissionState.InFlight || !rack.WasSentBeforeDelivered(run))
                continue;
            TimeSpan remaining = run.SentAt + rack.Rtt + reorderingWindow - now;
            if (remaining <= TimeSpan.Zero)
                SetState(ref run, TransmissionState.Lost);
            else if (remaining > wait)
                wait = remaining;
        }
        return wait;
    }

    /// <summary>RFC 8985 §6.3: the timer fired, so the first segment is lost, and what is of this age.</summary>
    public void MarkLostOnTimeout(TimeSpan age, int smss, Instant now)
    {
        Renege();
        MarkFirstLost(smss);
        foreach (ref Transmission run in Runs)
        {
            if (run.State == TransmissionState.InFlight && now - run.SentAt >= age)
                SetState(ref run, TransmissionState.Lost);
        }
    }

    /// <summary>The first segment is lost, as peers without SACK let us know (RFC 5681 §3.2, RFC 6582 §3.2).</summary>
    public void MarkFirstLost(int smss)
    {
        if (_count == 0)
            return;
        if (Runs[0].Length > smss)
            SplitAt(Runs[0].Start + smss);
        if (Runs[0].State == TransmissionState.InFlight)
            SetState(ref Runs[0], TransmissionState.Lost);
    }

    /// <summary>All that has not arrived is to be sent again.</summary>
    public void MarkAllLost()
    {
        foreach (ref Transmission run in Runs)
        {
            if (run.State == TransmissionState.InFlight)
                SetState(ref run, TransmissionState.Lost);
        }
    }

    /// <summary>What counted as lost was only late.</summary>
    public void ForgiveLost()
    {
        foreach (ref Transmission run in Runs)
        {
            if (run.State == TransmissionState.Lost)
                SetState(ref run, TransmissionState.InFlight);
        }
    }

    /// <summary>The first octets that are lost, side by side.</summary>
    public bool TryFindLost(int maxOctets, out SackBlock range)
    {
        range = default;
        if (LostOctets == 0)
            return false;
        Span<Transmission> runs = Runs;
        int index = 0;
        while (runs[index].State != TransmissionState.Lost)
            index++;
        range = new(runs[index].Start, runs[index].End);
        while (range.Length < maxOctets && ++index < runs.Length && runs[index].State == TransmissionState.Lost)
            range = range with { End = runs[index].End };
        if (range.Length > maxOctets)
            range = range with { End = range.Start + maxOctets };
        return true;
    }

    /// <summary>The last segment that was sent (RFC 8985 §7.3).</summary>
    public SackBlock LastSegment(int smss)
    {
        Transmission last = Runs[^1];
        return new(last.Start + ((last.Length - 1) / smss * smss), last.End);
    }

    /// <summary>Octets are sent again.</summary>
    public void SendAgain(SackBlock range, int segments, Instant now)
    {
        int index = SplitAt(range.Start);
        int end = SplitAt(range.End);
        for (int each = index; each < end; each++)
            Count(Runs[each], -1);
        Transmission run = new()
        {
            Start = range.Start,
            End = range.End,
            SentAt = now,
            Segments = segments,
            WasSentAgain = true,
        };
        Count(run, 1);
        bool joins = index > 0 && Runs[index - 1] is { State: TransmissionState.InFlight, WasSentAgain: true } before &&
            before.SentAt == now;
        if (joins)
        {
            Runs[index - 1].End = run.End;
            Runs[index - 1].Segments += segments;
            Remove(index, end - index);
            return;
        }
        Runs[index] = run;
        Remove(index + 1, end - index - 1);
    }

    /// <summary>A peer that had reported the first octet has thrown it away (RFC 2018 §8): all its reports are void.</summary>
    private void Renege()
    {
        if (_count == 0 || Runs[0].State != TransmissionState.Arrived)
            return;
        foreach (ref Transmission run in Runs)
        {
            if (run.State == TransmissionState.Arrived)
                SetState(ref run, TransmissionState.Lost);
        }
    }

    private void SetState(ref Transmission run, TransmissionState state)
    {
        Count(run, -1);
        run.State = state;
        Count(run, 1);
    }

    private void Count(in Transmission run, int sign)
    {
        int octets = sign * run.Length;
        if (run.WasSentAgain && run.State != TransmissionState.Arrived)
            _sentAgainOctets += octets;
        switch (run.State)
        {
            case TransmissionState.InFlight:
                InFlightOctets += octets;
                InFlightSegments += sign * run.Segments;
                break;
            case TransmissionState.Lost:
                LostOctets += octets;
                break;
            default:
                ArrivedOctets += octets;
                ArrivedSegments += sign * run.Segments;
                _arrivedRuns += sign;
                break;
        }
    }

    /// <summary>The run with this octet.</summary>
    private int IndexOf(SequenceNumber seq)
    {
        Span<Transmission> runs = Runs;
        int low = 0, high = runs.Length - 1;
        while (low < high)
        {
            int middle = (low + high + 1) / 2;
            if (runs[middle].Start - seq <= 0)
                low = middle;
            else
                high = middle - 1;
        }
        return low;
    }

    /// <returns>The index of the run that begins here now, or the number of runs at the end of all.</returns>
    private int SplitAt(SequenceNumber seq)
    {
        if (Runs[^1].End == seq)
            return _count;
        int index = IndexOf(seq);
        ref Transmission run = ref Runs[index];
        int before = seq - run.Start;
        if (before == 0)
            return index;
        Count(run, -1);
        Transmission rest = run;
        rest.Start = seq;
        // Which frames had which octets is not kept: they are taken for equally long.
        int segments = (int)((((long)run.Segments * before) + run.Length - 1) / run.Length);
        rest.Segments = Math.Max(1, run.Segments - segments);
        run.End = seq;
        run.Segments = segments;
        Count(run, 1);
        Count(rest, 1);
        Insert(index + 1, rest);
        return index + 1;
    }

    /// <summary>Runs that have arrived need no moment: neighbours become one.</summary>
    private void JoinArrived(int index)
    {
        int first = index, last = index;
        while (first > 0 && Runs[first - 1].State == TransmissionState.Arrived)
            first--;
        while (last + 1 < _count && Runs[last + 1].State == TransmissionState.Arrived)
            last++;
        if (first == last)
            return;
        ref Transmission run = ref Runs[first];
        for (int each = first + 1; each <= last; each++)
            run.Segments += Runs[each].Segments;
        run.End = Runs[last].End;
        _arrivedRuns -= last - first;
        Remove(first + 1, last - first);
    }

    private void Insert(int index, in Transmission run)
    {
        if (_first + _count == _runs.Length)
            MakeRoom();
        _runs.AsSpan(_first + index, _count - index).CopyTo(_runs.AsSpan(_first + index + 1));
        _runs[_first + index] = run;
        _count++;
    }

    private void Remove(int index, int count)
    {
        if (count == 0)
            return;
        Runs[(index + count)..].CopyTo(Runs[index..]);
        _count -= count;
    }

    /// <summary>What was acknowledged has left room in front; if that is little, the array grows.</summary>
    private void MakeRoom()
    {
        Span<Transmission> runs = Runs;
        if (_first <= _runs.Length / 2)
            _runs = new Transmission[Math.Max(4, 2 * _runs.Length)];
        runs.CopyTo(_runs);
        _first = 0;
    }
}
