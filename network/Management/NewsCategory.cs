namespace Pyco.Network.Management;

/// <summary>A kind of news that debug/add asks for, with vde_switch's names and numbers.</summary>
/// <param name="Path">Its name.</param>
/// <param name="Tag">Its number, in octal digits.</param>
/// <param name="Help">What it tells.</param>
internal sealed record NewsCategory(string Path, string Tag, string Help)
{
    public static NewsCategory StationLearned { get; } = new("hash/+", "011", "hash: new element");

    public static NewsCategory StationForgotten { get; } = new("hash/-", "012", "hash: discarded element");

    public static NewsCategory PortAdded { get; } = new("port/+", "021", "new port");

    public static NewsCategory PortRemoved { get; } = new("port/-", "022", "closed port");

    public static NewsCategory PortDescribed { get; } = new("port/descr", "023", "set port description");

    public static NewsCategory EndpointAdded { get; } = new("port/ep/+", "031", "new endpoint");

    public static NewsCategory EndpointRemoved { get; } = new("port/ep/-", "032", "closed endpoint");

    public static IReadOnlyList<NewsCategory> All { get; } =
        [StationLearned, StationForgotten, PortAdded, PortRemoved, PortDescribed, EndpointAdded, EndpointRemoved];
}
