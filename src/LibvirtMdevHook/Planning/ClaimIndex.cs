using System.Collections.Immutable;
using LibvirtMdevHook.Linux;
using LibvirtMdevHook.Records;

namespace LibvirtMdevHook.Planning;

/// <summary>Claims by a name that each of them has: its parent's, or its GPU's.</summary>
internal sealed class ClaimIndex
{
    private readonly ImmutableDictionary<SysfsName, ImmutableArray<Claim>> _claims;
    private readonly Func<Claim, SysfsName> _nameOf;

    private ClaimIndex(ImmutableDictionary<SysfsName, ImmutableArray<Claim>> claims, Func<Claim, SysfsName> nameOf) =>
        (_claims, _nameOf) = (claims, nameOf);

    /// <returns>
    /// The claims with the name, in the order in which they came; none for an unknown name.
    /// </returns>
    public ImmutableArray<Claim> this[SysfsName name] => _claims.GetValueOrDefault(name, []);

    public static ClaimIndex Of(IEnumerable<Claim> claims, Func<Claim, SysfsName> nameOf) =>
        new(claims.GroupBy(nameOf).ToImmutableDictionary(group => group.Key, group => group.ToImmutableArray()), nameOf);

    public ClaimIndex Plus(Claim claim)
    {
        var name = _nameOf(claim);
        return new ClaimIndex(_claims.SetItem(name, this[name].Add(claim)), _nameOf);
    }
}
