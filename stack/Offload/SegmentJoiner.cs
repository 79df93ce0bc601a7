using Pyco.Stack.Wire;

namespace Pyco.Stack.Offload;

/// <summary>
/// Joins TCP segments that arrived from a wire into super-segments, so that a stack does its work once for many
/// (Linux's generic receive offload). What it joins, <see cref="SegmentSplitter"/> would cut into the very same frames;
/// nothing else is touched. Not thread-safe.
/// </summary>
/// <param name="largeFrames">Frames of <see cref="StackMemory.LargeFrameCapacity"/>.</param>
public sealed class SegmentJoiner(FramePool largeFrames)
{
    /// <summary>Connections whose segments may alternate in one batch.</summary>
    private const int MaxRuns = 8;

    private readonly SegmentRun[] _runs = new SegmentRun[MaxRuns];
    private int _count;

    /// <summary>Joins what it can of one batch; a super-segment takes the place of its first segment.</summary>
    /// <param name="frames">Ethernet frames in the order of their arrival; the first ones are what came of them.</param>
    /// <returns>How many there are now.</returns>
    public int Join(Span<Frame> frames)
    {
        int kept = 0;
        foreach (Frame frame in frames)
        {
            if (frame.HasAttachment || !SegmentPlace.TryFind(frame, out SegmentPlace place))
            {
                frames[kept++] = frame;
                continue;
            }
            int run = FindRun(frame.Octets, place);
            if (run >= 0)
            {
                if (_runs[run].TryAppend(frame, place, largeFrames, out bool isOver))
                {
                    frames[_runs[run].Position] = _runs[run].Frame;
                    frame.Dispose();
                    if (isOver)
                        End(run);
                    continue;
                }
                End(run); // what follows must not overtake this one
            }
            if (SegmentRun.MayBegin(frame, place))
                Begin(new SegmentRun(frame, place, kept));
            frames[kept++] = frame;
        }
        while (_count > 0)
            End(_count - 1);
        return kept;
    }

    private int FindRun(ReadOnlySpan<byte> octets, in SegmentPlace place)
    {
        for (int index = 0; index < _count; index++)
        {
            if (_runs[index].IsOfSameConnection(octets, place))
                return index;
        }
        return -1;
    }

    private void Begin(in SegmentRun run)
    {
        if (_count == MaxRuns)
            End(0);
        _runs[_count++] = run;
    }

    private void End(int index)
    {
        _runs[index].Finish();
        _count--;
        for (; index < _count; index++)
            _runs[index] = _runs[index + 1];
        _runs[_count] = default;
    }
}
