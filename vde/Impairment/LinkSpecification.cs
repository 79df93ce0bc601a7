using System.Diagnostics.CodeAnalysis;
using Pyco.Stack;

namespace Pyco.Vde.Impairment;

/// <summary>A direction of a host's link to its network.</summary>
public enum LinkDirection
{
    /// <summary>From the host to the network.</summary>
    Up,

    /// <summary>From the network to the host.</summary>
    Down,
}

/// <summary>What a host's link to its network does to frames, each way.</summary>
public sealed record LinkSpecification
{
    /// <summary>A link that changes nothing.</summary>
    public static LinkSpecification None { get; } = new();

    public LinkConditions Up { get; init; } = LinkConditions.None;

    public LinkConditions Down { get; init; } = LinkConditions.None;

    /// <summary>
    /// What all chance comes from: with the same seed, the frames that go in in the same order meet the same fate. Null if
    /// the user has not chosen one; <see cref="WithSeed"/> does then, so that the run can be repeated.
    /// </summary>
    public uint? Seed { get; init; }

    /// <summary>Neither direction does anything.</summary>
    public bool IsNone => Up.IsNone && Down.IsNone;

    /// <summary>
    /// Reads <c>delay=20ms,loss=1%,rate=5mbit</c>, which sets both ways, on top of what was set before. <c>up:</c> or
    /// <c>down:</c> in front of a property starts those of one way: <c>seed=7,up:rate=1mbit,down:rate=8mbit,delay=5ms</c>.
    /// <c>none</c> clears all, or the one way; as a value it clears the property.
    /// </summary>
    /// <param name="text">What the user gave.</param>
    /// <param name="before">What was set before; properties that the text does not name stay.</param>
    /// <param name="link">The specification, if the result is true.</param>
    /// <param name="error">What is wrong and what to give instead, in words for the user, if the result is false.</param>
    public static bool TryParse(
        string text,
        LinkSpecification before,
        [NotNullWhen(true)] out LinkSpecification? link,
        [NotNullWhen(false)] out string? error) => TryParse([text], before, out link, out error);

    /// <summary>Reads one text, as all that is set.</summary>
    public static bool TryParse(
        string text,
        [NotNullWhen(true)] out LinkSpecification? link,
        [NotNullWhen(false)] out string? error) => TryParse([text], None, out link, out error);

    /// <summary>Reads the texts of an option that was given more than once, one after the other.</summary>
    public static bool TryParse(
        IReadOnlyList<string> texts,
        LinkSpecification before,
        [NotNullWhen(true)] out LinkSpecification? link,
        [NotNullWhen(false)] out string? error)
    {
        ArgumentNullException.ThrowIfNull(texts);
        ArgumentNullException.ThrowIfNull(before);
        LinkReader reader = new(before);
        link = null;
        foreach (string text in texts)
        {
            if (!reader.TryRead(text, out error))
                return false;
        }
        // Only the whole can be impossible: a later text may bring what an earlier one needs.
        if (!reader.Link.Up.IsPossible(out error) || !reader.Link.Down.IsPossible(out error))
            return false;
        link = reader.Link;
        return true;
    }

    /// <summary>The same link with a seed, drawn from the source if the user has not chosen one.</summary>
    public LinkSpecification WithSeed(Entropy source)
    {
        ArgumentNullException.ThrowIfNull(source);
        return Seed is null ? this with { Seed = source.NextUInt32() } : this;
    }

    /// <summary>The source of chance of one direction, from its start.</summary>
    /// <exception cref="InvalidOperationException">There is no seed: see <see cref="WithSeed"/>.</exception>
    public Entropy Chance(LinkDirection direction) =>
        SplitMix64.ForStream(Seed ?? throw new InvalidOperationException("the link has no seed"), (int)direction);

    public LinkConditions Conditions(LinkDirection direction) => direction == LinkDirection.Up ? Up : Down;

    /// <summary>The text that <see cref="TryParse(string, out LinkSpecification?, out string?)"/> reads back.</summary>
    public override string ToString()
    {
        List<string> both = [];
        List<string> up = [];
        List<string> down = [];
        if (Seed is { } seed)
            both.Add($"{LinkReader.SeedName}={Quantity.Seed.Write(seed)}");
        foreach (LinkProperty property in LinkProperty.All)
        {
            string? ofUp = property.Write(Up);
            string? ofDown = property.Write(Down);
            if (ofUp == ofDown)
            {
                Add(both, property, ofUp);
                continue;
            }
            Add(up, property, ofUp);
            Add(down, property, ofDown);
        }
        if (up.Count > 0)
            up[0] = LinkReader.UpPrefix + up[0];
        if (down.Count > 0)
            down[0] = LinkReader.DownPrefix + down[0];
        string text = string.Join(',', [.. both, .. up, .. down]);
        return text.Length > 0 ? text : LinkProperty.Unset;
    }

    private static void Add(List<string> properties, LinkProperty property, string? value)
    {
        if (value is not null)
            properties.Add($"{property.Name}={value}");
    }
}
