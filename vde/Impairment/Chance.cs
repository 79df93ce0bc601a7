using Pyco.Stack;

namespace Pyco.Vde.Impairment;

/// <summary>
/// Decides what happens to each frame. Each takes the same number of draws, whatever is set: which frames are lost does not
/// change when, say, corruption is turned on. No floating point is left when it decides, so all machines decide alike.
/// </summary>
internal sealed class Chance
{
    /// <summary>Shares are compared as whole numbers of this many bits, which a double holds exactly.</summary>
    private const int ShareBits = 53;

    private Entropy _source;
    private bool _isUsed;
    private ulong _loss;
    private ulong _duplicate;
    private ulong _reorder;
    private ulong _corrupt;
    private ulong? _endOfBurst;
    private bool _isInBurst;

    public Chance(LinkConditions conditions, Entropy source)
    {
        _source = source;
        Configure(conditions);
    }

    public void Configure(LinkConditions conditions)
    {
        _isUsed = conditions.UsesChance;
        double loss = conditions.LossPercent / 100;
        _loss = Share(loss);
        _duplicate = Share(conditions.DuplicatePercent / 100);
        _reorder = Share(conditions.ReorderPercent / 100);
        _corrupt = Share(conditions.CorruptPercent / 100);
        _endOfBurst = null;
        if (conditions.Burst is not { } burst || loss >= 1)
            return;
        // Gilbert's model: runs end with probability 1/burst, and begin so often that the share of lost frames is right.
        _endOfBurst = Share(1 / burst);
        _loss = Share(loss / (1 - loss) / burst);
    }

    /// <summary>Begins another sequence.</summary>
    public void Restart(Entropy source)
    {
        _source = source;
        _isInBurst = false;
    }

    public FrameFate Next()
    {
        if (!_isUsed)
            return FrameFate.Undisturbed;
        return new FrameFate(
            IsLost: Loses(_source.NextUInt64()),
            IsDuplicated: Happens(_source.NextUInt64(), _duplicate),
            IsReordered: Happens(_source.NextUInt64(), _reorder),
            IsCorrupted: Happens(_source.NextUInt64(), _corrupt),
            CorruptDraw: _source.NextUInt64(),
            JitterDraw: _source.NextUInt64());
    }

    private static ulong Share(double probability) =>
        (ulong)Math.Round(Math.Clamp(probability, 0, 1) * (1UL << ShareBits));

    private static bool Happens(ulong draw, ulong share) => draw >> (64 - ShareBits) < share;

    private bool Loses(ulong draw)
    {
        if (_endOfBurst is not { } end)
            return Happens(draw, _loss);
        _isInBurst = _isInBurst ? !Happens(draw, end) : Happens(draw, _loss);
        return _isInBurst;
    }
}
