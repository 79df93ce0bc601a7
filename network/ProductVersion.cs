using System.Reflection;

namespace Pyco.Network;

/// <summary>The version of these programs. A network may be of another one: it was started before they were installed.</summary>
public static class ProductVersion
{
    public static string Own { get; } =
        typeof(ProductVersion).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "unknown";
}
