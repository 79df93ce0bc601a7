using System.Diagnostics.CodeAnalysis;

namespace Pyco.Vde.Impairment;

/// <summary>Reads the texts that describe a link, one after the other.</summary>
internal sealed class LinkReader(LinkSpecification before)
{
    public const string UpPrefix = "up:";
    public const string DownPrefix = "down:";
    public const string SeedName = "seed";

    /// <summary>Whom a property is for; null is both directions.</summary>
    private LinkDirection? _direction;

    public LinkSpecification Link { get; private set; } = before;

    public bool TryRead(string text, [NotNullWhen(false)] out string? error)
    {
        _direction = null;
        error = null;
        foreach (string part in text.Split(','))
        {
            error = ReadPart(part.Trim());
            if (error is not null)
                return false;
        }
        return true;
    }

    /// <returns>What is wrong, or null.</returns>
    private string? ReadPart(string part)
    {
        if (TryTakePrefix(ref part, UpPrefix))
            _direction = LinkDirection.Up;
        else if (TryTakePrefix(ref part, DownPrefix))
            _direction = LinkDirection.Down;
        if (part.Equals(LinkProperty.Unset, StringComparison.OrdinalIgnoreCase))
        {
            Clear();
            return null;
        }
        int equals = part.IndexOf('=', StringComparison.Ordinal);
        string name = equals < 0 ? part : part[..equals];
        string value = part[(equals + 1)..];
        if (name.Equals(SeedName, StringComparison.OrdinalIgnoreCase))
            return equals < 0 ? $"'{name}' needs a value, as in seed=7" : ReadSeed(part, value);
        if (LinkProperty.Find(name) is not { } property)
            return WhatThereIs(name);
        if (equals < 0)
            return $"'{name}' needs a value: give {name}=VALUE, or {name}=none to clear it";
        return Change(property, value) is { } advice ? $"'{part}': {advice}" : null;
    }

    private static bool TryTakePrefix(ref string part, string prefix)
    {
        bool hasPrefix = part.StartsWith(prefix, StringComparison.OrdinalIgnoreCase);
        if (hasPrefix)
            part = part[prefix.Length..].TrimStart();
        return hasPrefix;
    }

    private static string WhatThereIs(string name)
    {
        string names = string.Join(", ", LinkProperty.All.Select(property => property.Name));
        return name.Length == 0
            ? $"a property is missing: give NAME=VALUE with {names} or {SeedName}, or none"
            : $"'{name}' is no property of a link: give {names} or {SeedName}, or none to clear all";
    }

    private void Clear() => Link = _direction switch
    {
        LinkDirection.Up => Link with { Up = LinkConditions.None },
        LinkDirection.Down => Link with { Down = LinkConditions.None },
        _ => LinkSpecification.None,
    };

    private string? ReadSeed(string part, string value)
    {
        if (_direction is not null)
            return $"'{part}': both ways have one seed; give it in front of {UpPrefix} and {DownPrefix}";
        if (value.Equals(LinkProperty.Unset, StringComparison.OrdinalIgnoreCase))
        {
            Link = Link with { Seed = null };
            return null;
        }
        if (!Quantity.Seed.TryRead(value, out uint seed, out string? advice))
            return $"'{part}': {advice}";
        Link = Link with { Seed = seed };
        return null;
    }

    /// <returns>What to give instead, or null.</returns>
    private string? Change(LinkProperty property, string value)
    {
        LinkConditions up = Link.Up;
        LinkConditions down = Link.Down;
        string? advice = null;
        if (_direction != LinkDirection.Down && !property.TryRead(value, ref up, out advice))
            return advice;
        if (_direction != LinkDirection.Up && !property.TryRead(value, ref down, out advice))
            return advice;
        Link = Link with { Up = up, Down = down };
        return null;
    }
}
