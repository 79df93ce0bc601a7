using System.Diagnostics.CodeAnalysis;

namespace Pyco.Vde.Impairment;

/// <summary>One <c>name=value</c> of the text of a link: the reader and the writer share this table.</summary>
internal abstract class LinkProperty
{
    /// <summary>The value that stands for "as if never set".</summary>
    public const string Unset = "none";

    /// <summary>All there are, in the order in which they are written.</summary>
    public static IReadOnlyList<LinkProperty> All { get; } =
    [
        new Of<TimeSpan>("delay", Quantity.Duration, link => link.Delay, (link, value) => link with { Delay = value }),
        new Of<TimeSpan>("jitter", Quantity.Duration, link => link.Jitter, (link, value) => link with { Jitter = value }),
        new Of<double>(
            "loss", Quantity.Percentage, link => link.LossPercent, (link, value) => link with { LossPercent = value }),
        new Optional<double>("burst", Quantity.Frames, link => link.Burst, (link, value) => link with { Burst = value }),
        new Of<double>(
            "duplicate",
            Quantity.Percentage,
            link => link.DuplicatePercent,
            (link, value) => link with { DuplicatePercent = value }),
        new Of<double>(
            "reorder", Quantity.Percentage, link => link.ReorderPercent, (link, value) => link with { ReorderPercent = value }),
        new Of<double>(
            "corrupt", Quantity.Percentage, link => link.CorruptPercent, (link, value) => link with { CorruptPercent = value }),
        new Optional<long>("rate", Quantity.Rate, link => link.Rate, (link, value) => link with { Rate = value }),
        new Of<int>(
            "overhead", Quantity.Overhead, link => link.OverheadOctets, (link, value) => link with { OverheadOctets = value }),
        new Optional<int>("mtu", Quantity.Mtu, link => link.Mtu, (link, value) => link with { Mtu = value }),
        new Of<QueueLimit>("queue", Quantity.Queue, link => link.Queue, (link, value) => link with { Queue = value }),
    ];

    protected LinkProperty(string name) => Name = name;

    public string Name { get; }

    public static LinkProperty? Find(string name)
    {
        foreach (LinkProperty property in All)
        {
            if (property.Name.Equals(name, StringComparison.OrdinalIgnoreCase))
                return property;
        }
        return null;
    }

    /// <returns>The text of the value, or null if it is unset.</returns>
    public abstract string? Write(LinkConditions link);

    /// <param name="text">The value, or <see cref="Unset"/>.</param>
    /// <param name="link">The conditions, which change if the result is true.</param>
    /// <param name="advice">What to give instead, if the result is false.</param>
    public abstract bool TryRead(string text, ref LinkConditions link, [NotNullWhen(false)] out string? advice);

    protected static bool IsUnset(string text) => text.Equals(Unset, StringComparison.OrdinalIgnoreCase);

    /// <summary>A property with a value that changes nothing.</summary>
    private sealed class Of<T>(
        string name,
        Quantity<T> quantity,
        Func<LinkConditions, T> get,
        Func<LinkConditions, T, LinkConditions> set) : LinkProperty(name)
        where T : struct, IEquatable<T>
    {
        public override string? Write(LinkConditions link) =>
            get(link).Equals(default) ? null : quantity.Write(get(link));

        public override bool TryRead(string text, ref LinkConditions link, [NotNullWhen(false)] out string? advice)
        {
            advice = null;
            if (IsUnset(text))
                link = set(link, default);
            else if (quantity.TryRead(text, out T value, out advice))
                link = set(link, value);
            return advice is null;
        }
    }

    /// <summary>A property that has no value unless it is set.</summary>
    private sealed class Optional<T>(
        string name,
        Quantity<T> quantity,
        Func<LinkConditions, T?> get,
        Func<LinkConditions, T?, LinkConditions> set) : LinkProperty(name)
        where T : struct
    {
        public override string? Write(LinkConditions link) => get(link) is { } value ? quantity.Write(value) : null;

        public override bool TryRead(string text, ref LinkConditions link, [NotNullWhen(false)] out string? advice)
        {
            advice = null;
            if (IsUnset(text))
                link = set(link, null);
            else if (quantity.TryRead(text, out T value, out advice))
                link = set(link, value);
            return advice is null;
        }
    }
}
